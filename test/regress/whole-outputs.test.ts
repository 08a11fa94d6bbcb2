/**
 * Files that commands are told to write. `export -o FILE` emptied FILE at once and left a part of a tar where space ended, which was
 * said of the data root; after a build that failed `--iidfile` still had the id of the one before.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { makeBuilder } from '../build/fixtures/builder.ts';
import { makeScratch } from '../fixtures/mount.ts';
import { mountNeeds, needs } from '../fixtures/needs.ts';
import { exportDirectory } from '../../src/run/volume-archive.ts';

const program = fileURLToPath(new URL('../../bin/strata', import.meta.url));

t.test('an export', needs(...mountNeeds), async (t) => {
  const disk = makeScratch(t).directory('disk');
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', disk]);
  t.teardown(() => execFileSync('umount', [disk]));
  const builder = makeBuilder(t);
  const file = `${disk}/archive.tar`;
  writeFileSync(file, 'before');
  chmodSync(file, 0o600);
  const full = builder.strata(['export', '-o', file, 'base']);
  t.equal(full.status, 1);
  t.match(full.stderr, new RegExp(`no space is left on the file system of ${file}`));
  t.notMatch(full.stderr, /system df/);
  await t.rejects(exportDirectory('/usr/bin', file), { code: 'tar-failed' });
  t.strictSame(readdirSync(disk), ['archive.tar']);
  t.equal(readFileSync(file, 'utf8'), 'before');

  t.equal(builder.build({ small: 'x', Dockerfile: 'FROM scratch\nCOPY small /\n' }, '-t', 'small').status, 0);
  symlinkSync('archive.tar', `${disk}/link`);
  t.equal(builder.strata(['export', '-o', `${disk}/link`, 'small']).status, 0);
  t.match(execFileSync('tar', ['-tf', file], { encoding: 'utf8' }), /small/);
  t.equal(statSync(file).mode & 0o777, 0o600);
  t.ok(lstatSync(`${disk}/link`).isSymbolicLink());
  symlinkSync('later.tar', `${disk}/dangling`);
  t.equal(builder.strata(['export', '-o', `${disk}/dangling`, 'small']).status, 0);
  t.match(execFileSync('tar', ['-tf', `${disk}/later.tar`], { encoding: 'utf8' }), /small/);
  // The file of a bind mount cannot be replaced.
  writeFileSync(`${disk}/bound`, '');
  execFileSync('mount', ['--bind', `${disk}/later.tar`, `${disk}/bound`]);
  t.teardown(() => execFileSync('umount', [`${disk}/bound`]));
  writeFileSync(`${disk}/later.tar`, '');
  t.equal(builder.strata(['export', '-o', `${disk}/bound`, 'small']).status, 0);
  t.match(execFileSync('tar', ['-tf', `${disk}/later.tar`], { encoding: 'utf8' }), /small/);
  t.equal(builder.strata(['export', '-o', '/dev/null', 'small']).status, 0);
  t.ok(statSync('/dev/null').isCharacterDevice());
  t.match(
    builder.strata(['export', '-o', `${disk}/none/x`, 'small']).stderr,
    /none\/x cannot be written \(ENOENT\)/,
  );
});

t.test('an export that a person ends', needs(...mountNeeds), async (t) => {
  const builder = makeBuilder(t);
  const directory = builder.directory('output');
  const words = ['--root', builder.root, 'export', '-o', `${directory}/tar`, 'base'];
  const child = spawn(program, words, { stdio: 'ignore' });
  const ended = once(child, 'close');
  while (readdirSync(directory).length === 0 && child.exitCode === null) await sleep(1);
  child.kill('SIGTERM');
  t.strictSame(await ended, [null, 'SIGTERM']);
  t.strictSame(readdirSync(directory), []);
});

t.test('an id', needs(...mountNeeds), async (t) => {
  const builder = makeBuilder(t);
  const file = `${builder.path}/id`;
  t.equal(builder.build({ Dockerfile: 'FROM scratch\nLABEL a=b\n' }, '--iidfile', file).status, 0);
  t.match(readFileSync(file, 'utf8'), /^sha256:/);
  t.equal(builder.build({ Dockerfile: 'FROM scratch\nCOPY none /\n' }, '--iidfile', file).status, 1);
  t.notOk(existsSync(file));
});
