/** bin/stratafs under the name of the program that it stands in for. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import t from 'tap';
import { makeScratch, programPath } from '../fixtures/mount.ts';
import { mountNeeds, needs } from '../fixtures/needs.ts';
import { runProgram, serversOf, until } from './fixtures/program.ts';

const firstLine = /^fuse-overlayfs: version (\d+)\.(\d+)(\.\d+)?\n/;

t.test('--version is read as that of fuse-overlayfs', needs('build'), async (t) => {
  const { path } = makeScratch(t);
  const link = join(path, 'fuse-overlayfs');
  symlinkSync(programPath, link);
  const calls = [
    { what: 'a link, by its path', args: [link], cwd: '/' },
    { what: 'a link in PATH', args: ['fuse-overlayfs'], cwd: '/' },
    { what: 'a link in the working directory', args: ['./fuse-overlayfs'], cwd: path },
    { what: 'through mount.fuse: a shell', args: ['sh', '-c', '\'fuse-overlayfs\' "$@"', 'sh'], cwd: '/' },
  ];
  const env = { ...process.env, PATH: `${path}:${process.env.PATH ?? ''}` };
  for (const { what, args, cwd } of calls) {
    const [command = '', ...rest] = args;
    for (const option of ['--version', '-V']) {
      const said = execFileSync(command, [...rest, option], { cwd, env, encoding: 'utf8' });
      t.match(said, firstLine, what);
      t.match(said, /^stratafs: version /m, 'and tells what it is');
    }
  }
  const [, major = '', minor = ''] =
    firstLine.exec(execFileSync(link, ['-V'], { env, encoding: 'utf8' })) ?? [];
  t.ok(Number(major) === 1 && Number(minor) >= 14, 'a version with everything that is known here');
  t.match(execFileSync(link, ['-h'], { env, encoding: 'utf8' }), /^usage: fuse-overlayfs \[-f\]/);
});

t.test('a copy finds the program in PATH, and says so where there is none', needs('build'), async (t) => {
  const scratch = makeScratch(t);
  const copy = join(scratch.directory('elsewhere'), 'fuse-overlayfs');
  copyFileSync(programPath, copy);
  const found = await runProgram([], {
    before: [copy, '--version'],
    env: { PATH: `${dirname(programPath)}:${process.env.PATH ?? ''}` },
  });
  t.match(found, { code: 0, stdout: firstLine });
  mkdirSync(join(scratch.path, 'bin'));
  for (const tool of ['bash', 'readlink']) symlinkSync(`/usr/bin/${tool}`, join(scratch.path, 'bin', tool));
  const lost = await runProgram([], {
    before: [copy, '--version'],
    env: { PATH: join(scratch.path, 'bin') },
  });
  t.match(lost, { code: 1, stderr: /is a copy.*make a link instead/ });
});

t.test('a mount under that name, with an option that nobody knows', needs(...mountNeeds), async (t) => {
  const scratch = makeScratch(t);
  const link = join(scratch.path, 'fuse-overlayfs');
  symlinkSync(programPath, link);
  const [lower, at] = [scratch.directory('lower'), scratch.directory('at')];
  const done = execFileSync('bash', [
    '-c',
    '"$@" 2>&1',
    'bash',
    link,
    '-o',
    `lowerdir=${lower},nosuch=1`,
    at,
  ]);
  t.match(done.toString(), /^stratafs: unknown option ignored: nosuch$/m);
  const mounts = readFileSync('/proc/self/mounts', 'utf8');
  t.match(mounts, `fuse-overlayfs ${at} fuse.fuse-overlayfs `);
  execFileSync('umount', [at]);
  await until(() => serversOf(at).length === 0, 'the server ends');
});
