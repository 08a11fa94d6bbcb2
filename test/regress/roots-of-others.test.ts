/** The data root of another user, in a directory that everybody may read, was an error of open(2) without a word of what to do. */
import { spawnSync } from 'node:child_process';
import { chmodSync } from 'node:fs';
import t from 'tap';
import { programPath } from '../cli/fixtures/strata.ts';
import { needs } from '../fixtures/needs.ts';
import { makeStage } from '../store/fixtures/stage.ts';

t.test('a data root that another user may not read', needs('root', 'program:setpriv'), (t) => {
  const { path, root } = makeStage(t);
  const run = (program: string, ...args: string[]) =>
    spawnSync(program, [...args, '--root', root, 'tag', 'a', 'b'], { encoding: 'utf8', cwd: '/' });
  t.match(run(programPath).stderr, /there is no image a/);
  for (const directory of [path, root]) chmodSync(directory, 0o755);
  const { status, stderr } = run('setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', programPath);
  t.equal(status, 1);
  t.match(stderr, /^strata: the data root \S+ cannot be read \(EACCES\): run strata as root, or choose /);
  t.end();
});
