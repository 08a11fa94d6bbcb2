import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { readMounts } from '../../src/os/mountinfo.ts';
import { needs } from '../fixtures/needs.ts';
import { serversOf, until } from './fixtures/program.ts';
import { containerNeeds, makeStrata } from './fixtures/strata.ts';

t.test('mount CONTAINER', needs(...containerNeeds), async (t) => {
  const strata = makeStrata(t);
  const { run, get } = strata;
  const place = strata.scratch.directory('place');
  const own = (): number =>
    readMounts().filter(({ mountPoint }) => mountPoint.startsWith(strata.root)).length;

  await t.test('one that does not run', async (t) => {
    get('create', '--name', 'still', 'base', 'sh', '-c', 'cat /written; echo run > /ran; sleep 1000');
    get('mount', 'still', place);
    t.ok(existsSync(`${place}/.dockerenv`), 'its init layer, too');
    writeFileSync(`${place}/written`, 'from outside\n');
    t.equal(get('diff', 'still'), 'A /written');
    t.match(get('which', `${place}/written`), /changed in this mount/);
    t.match(get('which', `${place}/etc/passwd`), /^\/etc\/passwd: layer [0-9a-f]{12}/);
    t.match(run('rm', 'still'), { status: 1, stderr: /is mounted at .*place: .*strata umount/ });
    t.match(run('mount', '--upper', 'up', 'still', place), { status: 1, stderr: /leave --upper out/ });
    t.equal(own(), 1);
  });

  await t.test('it starts and stops under the mount', async (t) => {
    get('start', 'still');
    await until(() => existsSync(`${place}/ran`), 'what it writes is seen');
    get('stop', '-t', '0', 'still');
    t.equal(get('logs', 'still'), 'from outside');
    t.equal(readFileSync(`${place}/ran`, 'utf8'), 'run\n', 'the mount has outlived the run');
    t.equal(own(), 1);
    get('umount', place);
    t.notOk(existsSync(`${place}/ran`));
    t.equal(own(), 0, 'with the last place the mount goes');
    t.equal(get('rm', 'still'), 'still');
  });

  await t.test('one that runs', async (t) => {
    get('run', '-d', '--name', 'runs', 'base', 'sleep', '1000');
    get('mount', 'runs', place);
    get('exec', 'runs', 'sh', '-c', 'echo inside > /inside');
    t.equal(readFileSync(`${place}/inside`, 'utf8'), 'inside\n');
    get('umount', place);
    t.equal(get('exec', 'runs', 'cat', '/inside'), 'inside', 'it runs on');
    t.equal(own(), 1);
  });

  await t.test(
    'taken off by umount(8), or left by a dead server, it is given back by the next command',
    async (t) => {
      get('mount', 'runs', place);
      get('stop', '-t', '0', 'runs');
      t.equal(own(), 1);
      t.equal(spawnSync('umount', [place]).status, 0);
      get('ps');
      t.equal(own(), 0);

      get('mount', 'runs', place);
      for (const pid of serversOf(strata.root)) process.kill(pid, 'SIGKILL');
      await until(() => serversOf(strata.root).length === 0, 'the server is gone');
      get('start', 'runs');
      t.equal(get('exec', 'runs', 'cat', '/inside'), 'inside', 'a new server');
      get('umount', place);
      t.equal(get('exec', 'runs', 'cat', '/inside'), 'inside');
      get('rm', '-f', 'runs');
      t.equal(own(), 0);
    },
  );

  await t.test('with a driver that mounts nothing', async (t) => {
    const root = strata.scratch.directory('plain');
    const plain = (...args: string[]): string => get('--root', root, '--driver', 'vfs', ...args);
    plain('import', strata.scratch.directory('small-root'), 'base');
    plain('create', '--name', 'still', 'base', 'true');
    plain('mount', 'still', place);
    writeFileSync(`${place}/written`, '');
    t.equal(plain('diff', 'still'), 'A /written');
    t.match(run('--root', root, 'rm', 'still'), { status: 1, stderr: /is mounted at/ });
    plain('umount', place);
    plain('rm', 'still');
  });
});
