/** An import of a tree that may not be read as a whole failed with a bare error of the system, with the last name of the path alone. */
import { spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { chmodSync, chownSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { programPath } from '../cli/fixtures/strata.ts';
import { makeScratch } from '../fixtures/mount.ts';
import { needs } from '../fixtures/needs.ts';

t.test('what may not be read is named with its path', needs('root', 'build', 'program:setpriv'), (t) => {
  const scratch = makeScratch(t);
  chmodSync(scratch.path, 0o755);
  const [root, tree, closed] = ['root', 'tree', 'tree/etc/closed'].map((name) => scratch.directory(name)) as [
    string,
    string,
    string,
  ];
  const file = `${tree}/etc/file`;
  writeFileSync(file, 'x');
  for (const path of [root, tree, `${tree}/etc`, closed, file]) chownSync(path, 5, 60);
  const become = ['--reuid=5', '--regid=60', '--clear-groups'];
  const importIt = (): SpawnSyncReturns<string> =>
    spawnSync('setpriv', [...become, programPath, '--driver', 'vfs', 'import', tree], {
      encoding: 'utf8',
      env: { ...process.env, STRATA_ROOT: root, STRATA_RUN_ROOT: `${root}-run` },
    });
  chownSync(scratch.directory('root-run'), 5, 60);
  for (const [path, shown] of [
    [closed, 'etc/closed of the tree'],
    [file, 'etc/file of the tree'],
  ] as const) {
    chmodSync(path, 0);
    t.match(importIt(), { status: 1, stderr: `strata: no permission to read ${shown}: take a user` });
    chmodSync(path, 0o755);
  }
  chmodSync(tree, 0);
  t.match(importIt(), { status: 1, stderr: /^strata: \S+\/tree cannot be read \(EACCES\): name / });
  chmodSync(tree, 0o755);
  t.equal(importIt().status, 0);
  t.end();
});
