/**
 * What ADD takes for an archive. A file that begins with 1024 zeros, the image of a disk, was taken for an empty one, so that
 * it was in no layer; one that holds a tar somewhere made the build fail; and where a program was missing, a
 * compressed archive was copied as a file, and that was remembered. Where the signal had come before the first byte, the
 * archive was opened all the same, and never closed.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, readdirSync, readlinkSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { isArchive, unpack } from '../../src/build/execute/archives.ts';
import { makeBuilder } from '../build/fixtures/builder.ts';
import { makeScratch } from '../fixtures/mount.ts';
import { mountNeeds, needs } from '../fixtures/needs.ts';

const goesOn = new AbortController().signal;

t.test('the first header tells', needs(...mountNeeds), async (t) => {
  const builder = makeBuilder(t);
  const tar = execFileSync('tar', ['-c', 'passwd'], { cwd: '/etc' });
  const files: Record<string, Buffer> = {
    'disk.img': Buffer.concat([Buffer.alloc(2048), Buffer.from('a file system')]),
    'holds-a-tar.iso': Buffer.concat([Buffer.alloc(512, 'x'), tar]),
    'empty.tar': Buffer.alloc(10_240),
  };
  for (const [name, content] of Object.entries(files)) writeFileSync(builder.context(name), content);
  writeFileSync(builder.context('real.tar'), tar);
  const lines = ['FROM scratch', `ADD ${Object.keys(files).join(' ')} real.tar /d/`];
  const { status, stderr } = builder.build({ Dockerfile: lines.join('\n') }, '-t', 'built');
  t.equal(status, 0, stderr);
  for (const [name, content] of Object.entries(files))
    t.equal(builder.cat('built', `/d/${name}`), content.toString(), `${name} is a file`);
  t.match(builder.cat('built', '/d/passwd'), /^root:/);
});

t.test('what a program would have to tell is not guessed', needs('program:zstd'), async (t) => {
  const scratch = makeScratch(t);
  const archive = `${scratch.path}/archive.tar.zst`;
  execFileSync('tar', ['--zstd', '-cf', archive, '-C', '/etc', 'passwd']);
  const text = `${scratch.path}/text.zst`;
  writeFileSync(text, execFileSync('zstd', ['-qc'], { input: 'no archive' }));
  t.equal(await isArchive(archive, goesOn), true);
  t.equal(await isArchive(text, goesOn), false);
  const path = process.env.PATH ?? '';
  const bin = scratch.directory('bin');
  t.teardown(() => (process.env.PATH = path));
  process.env.PATH = bin;
  await t.rejects(isArchive(archive, goesOn), { code: 'missing-program', hint: /apt-get install zstd/ });
  await t.rejects(unpack(scratch.path, archive, goesOn), { code: 'missing-program' });
  writeFileSync(`${bin}/zstd`, '#!/bin/sh\nkill -9 $$\n');
  chmodSync(`${bin}/zstd`, 0o755);
  await t.rejects(isArchive(archive, goesOn), { code: 'program-killed' });
  const stopped = new Error('stopped');
  await t.rejects(isArchive(archive, AbortSignal.abort(stopped)), stopped);
});

t.test('what is never read is never opened', async (t) => {
  const scratch = makeScratch(t);
  const archive = `${scratch.path}/archive.tar`;
  writeFileSync(archive, Buffer.alloc(10_240));
  const stopped = new Error('stopped');
  await t.rejects(isArchive(archive, AbortSignal.abort(stopped)), stopped);
  // What had been begun would be open by now.
  await sleep(100);
  const held = readdirSync('/proc/self/fd').flatMap((fd) => findLink(`/proc/self/fd/${fd}`));
  t.ok(held.length > 0);
  t.notOk(held.includes(archive));
});

t.test('an archive that is damaged further behind is an error', needs('root'), async (t) => {
  const scratch = makeScratch(t);
  const archive = `${scratch.path}/short.tar`;
  const tar = execFileSync('tar', ['-c', 'passwd'], { cwd: '/etc' });
  writeFileSync(archive, tar.subarray(0, 700));
  t.equal(await isArchive(archive, goesOn), true);
  await t.rejects(unpack(scratch.path, archive, goesOn), { code: 'bad-archive', message: /short\.tar/ });
});

/** None of a descriptor that is closed by now. */
function findLink(path: string): readonly string[] {
  try {
    return [readlinkSync(path)];
  } catch {
    return [];
  }
}
