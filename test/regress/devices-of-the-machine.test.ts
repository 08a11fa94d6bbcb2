/** A container with a terminal and `-v /dev:/dev`: the console of the machine was refused, and nothing ran. */
import { execFileSync } from 'node:child_process';
import t from 'tap';
import { containerNeeds, makeStrata } from '../cli/fixtures/strata.ts';
import { needs } from '../fixtures/needs.ts';

const devices = {
  null: '1 3',
  zero: '1 5',
  random: '1 8',
  urandom: '1 9',
  tty: '5 0',
  console: '5 1',
  ptmx: '5 2',
};

t.test('a terminal where /dev is one of the machine', needs(...containerNeeds), (t) => {
  const { scratch, get } = makeStrata(t);
  const dev = scratch.directory('dev');
  for (const name of ['pts', 'shm', 'mqueue']) scratch.directory(`dev/${name}`);
  for (const [name, numbers] of Object.entries(devices))
    execFileSync('mknod', ['-m', '666', `${dev}/${name}`, 'c', ...numbers.split(' ')]);
  execFileSync('mount', ['-t', 'devpts', '-o', 'newinstance,ptmxmode=666', 'devpts', `${dev}/pts`]);
  t.teardown(() => execFileSync('umount', [`${dev}/pts`]));
  get('run', '-dt', '--name', 'outside', '-v', `${dev}:/dev`, 'base', 'sh', '-c', 'test -t 0 && echo there');
  t.equal(get('wait', 'outside'), '0');
  t.equal(get('logs', 'outside').trim(), 'there');
  t.end();
});
