/** One thing that a killed command had left and that could not be removed, since a shell was in it, say, made every command fail. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { collectIfNeeded } from '../../src/store/collect.ts';
import { newCacheId } from '../../src/store/ids.ts';
import { makeStrata, programPath } from '../cli/fixtures/strata.ts';
import { mountNeeds, needs } from '../fixtures/needs.ts';
import { makeStage, mountPointsBelow, shell } from '../store/fixtures/stage.ts';

t.test('a mount of a killed command that is in use', needs(...mountNeeds), async (t) => {
  const strata = makeStrata(t);
  const exporting = spawn(programPath, ['export', 'base'], {
    env: { ...process.env, STRATA_ROOT: strata.root },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const mounts = (): string[] => mountPointsBelow(strata.root);
  while (mounts().length === 0) await sleep(10);
  const user = spawn('sleep', ['1000'], { cwd: mounts()[0], stdio: 'ignore' });
  exporting.kill('SIGKILL');
  await once(exporting, 'exit');
  const { status, stderr } = strata.run('images');
  t.equal(status, 0, stderr);
  t.equal(strata.run('create', '--name', 'box', 'base', 'true').status, 0);
  const { found } = JSON.parse(strata.run('system', 'check', '--json', '--repair').stdout) as {
    found: { code: string; path: string }[];
  };
  t.match(found, [{ code: 'stale-mount', path: mounts()[0] }]);
  user.kill();
  await once(user, 'exit');
  strata.get('images');
  t.strictSame(mounts(), [], 'it goes with the next command');
  t.equal(strata.run('system', 'check').status, 0);
});

t.test('a directory of a killed command that cannot be removed', needs(...mountNeeds), async (t) => {
  const store = await makeStage(t).open('strata');
  const [stuck, free] = [newCacheId(), newCacheId()];
  for (const id of [stuck, free]) {
    await store.driver.create(id, undefined);
    const work = store.root.layerDb('tmp', `work-${id.slice(0, 4)}`);
    mkdirSync(work);
    writeFileSync(join(work, `cache-${id}`), '');
  }
  const diff = join(store.driver.directoryOf(stuck), 'diff');
  shell(diff, 'mkdir in; mount -t tmpfs tmpfs in');
  await collectIfNeeded(store);
  t.strictSame(await store.driver.list(), [stuck], 'what else is left goes');
  shell(diff, 'umount in');
  await collectIfNeeded(store);
  t.strictSame(await store.driver.list(), []);
});
