/**
 * `strata cp` onto a file that is mounted in a container that runs: the mount was taken off without a word, and what the
 * container wrote no longer came to the file of the machine.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { containerNeeds, makeStrata } from '../cli/fixtures/strata.ts';
import { needs } from '../fixtures/needs.ts';

t.test('cp onto a mounted file', needs(...containerNeeds), (t) => {
  const { get, run, scratch } = makeStrata(t);
  const shared = scratch.directory('shared');
  const tree = scratch.directory('tree');
  writeFileSync(`${shared}/source`, 'before\n');
  writeFileSync(`${tree}/target`, 'copied\n');
  get('run', '-d', '--name', 'busy', '-v', `${shared}/source:/etc/target`, 'base', 'sleep', '1000');
  const refused = { status: 1, stderr: /"target" is busy: something is mounted there/ };
  t.match(run('cp', `${tree}/target`, 'busy:/etc/target'), refused);
  t.match(run('cp', `${tree}/.`, 'busy:/etc'), refused, 'nor by its directory');
  get('exec', 'busy', 'sh', '-c', 'echo written > /etc/target');
  t.equal(readFileSync(`${shared}/source`, 'utf8'), 'written\n', 'it is mounted still');
  t.end();
});
