/**
 * `strata cp` of a directory to a place in it, by way of a directory of the machine that the container has, went on until the
 * paths were too long for anything, and ended with an error of JavaScript's.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { containerNeeds, makeStrata } from '../cli/fixtures/strata.ts';
import { needs } from '../fixtures/needs.ts';

t.test('a directory goes into itself', needs(...containerNeeds), (t) => {
  const { get, run, scratch } = makeStrata(t);
  mkdirSync(`${scratch.directory('src')}/data/deep`, { recursive: true });
  writeFileSync(`${scratch.path}/src/file`, 'x');
  get('create', '--name', 'still', '-v', './src/data:/data', 'base', 'true');
  get('run', '-d', '--name', 'runs', '-v', './src/data:/data', 'base', 'sleep', '1000');
  const refused = { status: 1, stderr: /^strata: "\w+" cannot be copied into itself.*\n$/ };
  for (const name of ['still', 'runs']) {
    for (const [from, to] of [
      ['src/.', '/data'],
      ['src', '/data'],
      ['src', '/data/new'],
      ['src/data', '/data'],
      ['src/data/.', '/data/deep'],
    ] as const)
      t.match(run('cp', from, `${name}:${to}`), refused, `${from} to ${name}:${to}`);
    get('cp', 'src/file', `${name}:/data`);
    get('cp', 'src/data/.', `${name}:/data`);
    get('cp', `${name}:/data/file`, 'src/data');
    t.equal(readFileSync(`${scratch.path}/src/data/file`, 'utf8'), 'x', 'to its own place');
  }
  t.end();
});
