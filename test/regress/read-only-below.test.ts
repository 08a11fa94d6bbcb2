/** A directory that is bound read-only: what was mounted below it on the machine could be written by the container. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { containerNeeds, makeStrata } from '../cli/fixtures/strata.ts';
import { needs } from '../fixtures/needs.ts';

t.test('what is mounted below a directory that is read-only', needs(...containerNeeds), (t) => {
  const { run, scratch } = makeStrata(t);
  const source = scratch.directory('source');
  const below = scratch.directory('source/below');
  execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', below]);
  t.teardown(() => execFileSync('umount', [below]));
  writeFileSync(`${below}/file`, 'before\n');
  const runs = (...words: string[]): object =>
    run('run', '--rm', ...words, 'base', 'sh', '-c', 'cat /m/below/file; echo after > /m/below/file');
  const mount = (options: string): string => `type=bind,source=${source},target=/m,readonly${options}`;
  const refused = { status: 1, stdout: 'before\n', stderr: /Read-only file system/ };
  t.match(runs('-v', `${source}:/m:ro`), refused);
  t.match(runs('--mount', mount('')), refused);
  t.match(runs('--mount', mount(',bind-recursive=readonly')), refused);
  t.match(runs('--mount', mount(',bind-recursive=disabled')), { status: 1, stderr: /No such file/ });
  t.equal(readFileSync(`${below}/file`, 'utf8'), 'before\n');
  t.match(runs('--mount', mount(',bind-recursive=writable')), { status: 0, stdout: 'before\n' });
  t.equal(readFileSync(`${below}/file`, 'utf8'), 'after\n');
  t.end();
});
