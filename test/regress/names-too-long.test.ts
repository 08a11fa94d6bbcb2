/** A name that no file system takes was told by a system call alone (`ENAMETOOLONG: openat2`). */
import { writeFileSync } from 'node:fs';
import t from 'tap';
import { makeStrata } from '../cli/fixtures/strata.ts';
import { mountNeeds, needs } from '../fixtures/needs.ts';

t.test('names that are too long', needs(...mountNeeds), (t) => {
  const { get, run } = makeStrata(t, (path) => {
    writeFileSync(`${path}/file`, '');
    return path;
  });
  const long = 'n'.repeat(256);
  get('create', '--name', 'one', 'base', 'true');
  const stderr =
    /^strata: a name is too long for the system \(ENAMETOOLONG: .*\): names have 255 bytes at most, paths 4095\n$/;
  for (const words of [
    ['volume', 'create', long],
    ['cp', 'one:/file', `./${long}`],
    ['cp', `one:/${long}`, '.'],
    ['run', '-w', `/${long}`, 'base', 'true'],
  ])
    t.match(run(...words), { status: 1, stderr }, words.slice(0, 2).join(' '));
  t.end();
});
