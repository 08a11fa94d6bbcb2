/**
 * `strata cp` met a loop of symbolic links with a bare error of the system; as the target of a copy it left the source open, so
 * that the container's layer could not be unmounted.
 */
import { mkdirSync, symlinkSync } from 'node:fs';
import t from 'tap';
import { makeStrata } from '../cli/fixtures/strata.ts';
import { mountNeeds, needs } from '../fixtures/needs.ts';

t.test('a path through a loop of links', needs(...mountNeeds), (t) => {
  const { get, run, scratch } = makeStrata(t, (path) => {
    loopIn(path);
    return path;
  });
  loopIn(scratch.path);
  mkdirSync(`${scratch.path}/source`);
  get('create', '--name', 'looped', 'base', 'true');
  for (const [from, to] of [
    ['looped:/a/x', 'out'],
    ['looped:/', './a'],
    ['source', 'looped:/a'],
    ['source', 'looped:/a/x'],
    ['./a/x', 'looped:/new'],
  ] as const) {
    const stderr =
      /^strata: the symbolic links of \S+ lead nowhere but to each other: name a path without them\n$/;
    t.match(run('cp', from, to), { status: 1, stderr }, `${from} ${to}`);
  }
  t.match(run('cp', '-L', 'looped:/a', 'out'), { status: 1, stderr: /each other/ });
  t.end();
});

function loopIn(path: string): void {
  symlinkSync('b', `${path}/a`);
  symlinkSync('a', `${path}/b`);
}
