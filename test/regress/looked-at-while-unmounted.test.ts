/** A mount that somebody looks at for a moment, as df(1) and monitors do, is not in use. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import t from 'tap';
import { makeScratch } from '../fixtures/mount.ts';
import { mountNeeds, needs } from '../fixtures/needs.ts';
import { unmountTree } from '../../src/store/drivers/mounter.ts';

/** Asks the server, and so has hold of the mount, for a good part of the time, but lets go of it again and again. */
const look =
  'import os, sys, time\nprint(flush=True)\nwhile True: os.statvfs(sys.argv[1]); time.sleep(0.002)';

t.test('mounts that somebody looks at', needs(...mountNeeds, 'program:python3'), async (t) => {
  const scratch = makeScratch(t);
  const lower = [scratch.directory('lower')];
  for (let round = 0; round < 30; round++) {
    const { path } = await scratch.mount({ lower });
    const looker = spawn('python3', ['-c', look, path], { stdio: ['ignore', 'pipe', 'ignore'] });
    await once(looker.stdout, 'data');
    await t.resolves(unmountTree(path, {}), `round ${String(round)}`);
    looker.kill('SIGKILL');
    await once(looker, 'exit');
  }
});

t.test('one that a process is in', needs(...mountNeeds), async (t) => {
  const scratch = makeScratch(t);
  const { path } = await scratch.mount({ lower: [scratch.directory('lower')] });
  const inside = spawn('sleep', ['60'], { cwd: path, stdio: 'ignore' });
  await once(inside, 'spawn');
  await t.rejects(unmountTree(path, {}), { code: 'layer-in-use' });
  inside.kill('SIGKILL');
  await once(inside, 'exit');
});

// The time in which it was not let run was counted as well, in which nobody else was let run either.
t.test('one that a process leaves, on a busy machine', needs(...mountNeeds), async (t) => {
  const scratch = makeScratch(t);
  const { path } = await scratch.mount({ lower: [scratch.directory('lower')] });
  const inside = spawn('sleep', ['60'], { cwd: path, stdio: 'ignore' });
  await once(inside, 'spawn');
  const unmounted = unmountTree(path, {});
  setTimeout(() => {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2000);
    setTimeout(() => inside.kill('SIGKILL'), 50);
  }, 50);
  await t.resolves(unmounted);
});
