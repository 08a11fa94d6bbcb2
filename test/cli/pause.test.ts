import { readFileSync } from 'node:fs';
import t from 'tap';
import { readMounts } from '../../src/os/mountinfo.ts';
import { needs } from '../fixtures/needs.ts';
import { until } from './fixtures/program.ts';
import { containerNeeds, makeStrata } from './fixtures/strata.ts';

interface Inspected {
  readonly State: {
    readonly Status: string;
    readonly Running: boolean;
    readonly Paused: boolean;
    readonly Pid: number;
    readonly ExitCode: number;
  };
}

t.test('pause and unpause', needs(...containerNeeds), async (t) => {
  const strata = makeStrata(t);
  const { run, get } = strata;
  const state = (): Inspected['State'] => {
    const [{ State } = {} as Inspected] = JSON.parse(get('inspect', 'held')) as Inspected[];
    return State;
  };
  const counter =
    'trap "echo bye >> /said; exit 4" TERM; trap "exit 5" USR2; while :; do echo x >> /ticks; sleep 0.1; done';
  const begin = async (): Promise<void> => {
    get('run', '-d', '--name', 'held', 'base', 'sh', '-c', counter);
    await until(() => run('exec', 'held', 'stat', '/ticks').status === 0, 'it counts');
  };
  const ticks = (): number => readFileSync(`/proc/${String(state().Pid)}/root/ticks`).length;
  t.teardown(() => run('rm', '-f', 'held'));
  await begin();

  await t.test('nothing in it goes on, and then everything does', async (t) => {
    t.equal(get('pause', 'held'), 'held');
    t.match(state(), { Status: 'paused', Running: true, Paused: true });
    t.match(get('ps'), /Up .* \(Paused\)/, 'it is listed among those that run');
    const before = ticks();
    t.match(run('pause', 'held'), { status: 1, stderr: /is paused: unpause it first/ });
    t.equal(ticks(), before, 'it has not moved during a whole command');
    t.equal(get('container', 'unpause', 'held'), 'held');
    t.match(state(), { Status: 'running', Paused: false });
    await until(() => ticks() > before, 'it moves');
    t.match(run('unpause', 'held'), { status: 1, stderr: /is not paused/ });
  });

  await t.test('what one that is paused refuses, and what it does not', async (t) => {
    get('pause', 'held');
    t.match(run('exec', 'held', 'true'), { status: 1, stderr: /is paused: unpause it first/ });
    t.match(run('start', 'held'), { status: 1, stderr: /is paused/ });
    t.match(run('rm', 'held'), { status: 1, stderr: /cannot remove a paused container/ });
    t.match(run('container', 'prune', '-f').status, 0);
    t.match(run('cp', 'held:/ticks', 'ticks'), { status: 0 });
    t.match(get('diff', 'held'), /A \/ticks/);
    const mountsHere = (): number =>
      readMounts().filter(({ mountPoint }) => mountPoint.startsWith(strata.root)).length;
    const mounts = mountsHere();
    get('export', '-o', 'tree.tar', 'held');
    t.equal(mountsHere(), mounts, 'its root is mounted still');
    t.equal(state().Status, 'paused', 'it is as it was');
    get('kill', '-s', 'USR2', 'held');
    t.equal(state().Status, 'paused', 'another signal waits');
    get('unpause', 'held');
    t.equal(get('wait', 'held'), '5');
    get('rm', 'held');
  });

  await t.test('stop lets it go, to end as it likes', async (t) => {
    await begin();
    get('pause', 'held');
    get('stop', 'held');
    t.match(state(), { Status: 'exited', Paused: false, ExitCode: 4 });
    get('cp', 'held:/said', 'said');
    t.equal(readFileSync(`${strata.scratch.path}/said`, 'utf8'), 'bye\n');
    t.match(run('pause', 'held'), { status: 1, stderr: /is not running/ });
    t.match(run('unpause', 'held'), { status: 1, stderr: /is not running/ });
    t.match(run('pause', 'absent'), { status: 1, stderr: /no such container/ });
  });

  await t.test('start leaves one that goes with its end as it is', async (t) => {
    get('run', '-d', '--rm', '--name', 'brief', 'base', 'sleep', '1000');
    get('pause', 'brief');
    t.match(run('start', 'brief'), { status: 1, stderr: /is paused/ });
    t.match(run('start', '-a', 'brief'), { status: 1, stderr: /is paused/ });
    t.match(get('ps'), /Up .* \(Paused\).*brief/);
    get('rm', '-f', 'brief');
    t.match(run('run', '--rm', '--runtime', '/absent', '--name', 'brief', 'base', 'true'), { status: 125 });
    t.notMatch(get('ps', '-a'), /brief/, 'one that was to begin is gone');
  });

  await t.test('kill, restart and rm -f', async (t) => {
    get('start', 'held');
    get('pause', 'held');
    get('kill', 'held');
    t.equal(get('wait', 'held'), '137');
    get('start', 'held');
    get('pause', 'held');
    get('restart', 'held');
    t.match(state(), { Status: 'running', Paused: false });
    get('pause', 'held');
    get('rm', '-f', 'held');
    t.equal(get('ps', '-aq'), '');
  });
});
