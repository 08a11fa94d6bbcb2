import { chmodSync, existsSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { makeDirectories } from '../../src/os/make-directories.ts';

t.test('what is missing is made, with the mode', (t) => {
  const path = t.testdir();
  makeDirectories(join(path, 'a/b/c'), 0o700);
  for (const name of ['a', 'a/b', 'a/b/c']) t.equal(statSync(join(path, name)).mode & 0o777, 0o700, name);
  chmodSync(join(path, 'a'), 0o755);
  makeDirectories(join(path, 'a'), 0o700);
  t.equal(statSync(join(path, 'a')).mode & 0o777, 0o755, 'one that is there stays as it is');
  symlinkSync('a/b', join(path, 'link'));
  makeDirectories(join(path, 'link/d'), 0o700);
  t.ok(existsSync(join(path, 'a/b/d')));
  makeDirectories('/', 0o700);
  makeDirectories('/proc/self', 0o700);
  t.end();
});

t.test('what cannot be made is refused, and not tried for ever', (t) => {
  const path = t.testdir();
  writeFileSync(join(path, 'file'), '');
  symlinkSync('nowhere', join(path, 'dangling'));
  symlinkSync('loop', join(path, 'loop'));
  for (const [refused, code] of [
    ['/proc/x', 'ENOENT'],
    ['/proc/x/y/z', 'ENOENT'],
    [join(path, 'file'), 'EEXIST'],
    [join(path, 'file/x'), 'ENOTDIR'],
    [join(path, 'dangling'), 'EEXIST'],
    [join(path, 'dangling/x'), 'EEXIST'],
    [join(path, 'loop/x'), 'ELOOP'],
  ] as const) {
    t.throws(
      () => {
        makeDirectories(refused, 0o700);
      },
      { code },
      refused,
    );
  }
  t.end();
});
