/**
 * A link of this machine that leads to a file was bound as the link itself where `strata cp` looked at a container that does
 * not run: the link was copied, and nothing was found through it. A path below a file that is bound was taken for the file.
 */
import { lstatSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { makeStrata } from '../cli/fixtures/strata.ts';
import { mountNeeds, needs } from '../fixtures/needs.ts';

t.test('cp of a file that is bound by a link', needs(...mountNeeds), (t) => {
  const { get, run, scratch } = makeStrata(t, (path) => path);
  const here = scratch.directory('here');
  const real = scratch.directory('here/real');
  writeFileSync(`${real}/file`, 'bound\n');
  writeFileSync(`${here}/given`, 'given\n');
  symlinkSync('real/file', `${here}/link`);
  get('create', '--name', 'one', '-v', `${here}/link:/etc/conf`, 'base', 'true');
  for (const option of [[], ['-L']]) {
    get('cp', ...option, 'one:/etc/conf', `${here}/out`);
    t.ok(lstatSync(`${here}/out`).isFile());
    t.equal(readFileSync(`${here}/out`, 'utf8'), 'bound\n');
  }
  get('cp', `${here}/given`, 'one:/etc/conf');
  t.ok(lstatSync(`${here}/link`).isSymbolicLink());
  t.equal(readFileSync(`${real}/file`, 'utf8'), 'given\n');
  t.match(run('cp', 'one:/etc/conf/below', here), {
    status: 1,
    stderr: /^strata: there is no \/etc\/conf\/below:/,
  });
  t.end();
});
