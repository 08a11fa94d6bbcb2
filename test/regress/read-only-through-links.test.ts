/**
 * `strata cp` through a link of a container into what it cannot write ended with a bare error of the system, EROFS.
 */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { makeStrata } from '../cli/fixtures/strata.ts';
import { mountNeeds, needs } from '../fixtures/needs.ts';

t.test('cp into what is read-only, through a link', needs(...mountNeeds), (t) => {
  const { get, run, scratch } = makeStrata(t, (path) => {
    mkdirSync(`${path}/shared`);
    symlinkSync('shared', `${path}/way`);
    return path;
  });
  const here = scratch.directory('here');
  symlinkSync('/shared', `${here}/out`);
  writeFileSync(`${here}/given`, 'given\n');
  get('create', '--name', 'bound', '-v', `${here}:/shared:ro`, 'base', 'true');
  get('create', '--name', 'closed', '--read-only', '-v', `${here}:/open`, 'base', 'true');
  for (const [name, to] of [
    ['bound', '/way/given'],
    ['bound', '/way'],
    ['closed', '/open/out/given'],
  ] as const) {
    const stderr = `strata: ${to} leads to where ${name} cannot write: take a place in the container that it can write\n`;
    t.match(run('cp', `${here}/given`, `${name}:${to}`), { status: 1, stderr });
  }
  t.end();
});
