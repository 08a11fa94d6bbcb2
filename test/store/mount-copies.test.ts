/** Mount namespaces that others have made while a layer was mounted. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import t from 'tap';
import { newCacheId } from '../../src/store/ids.ts';
import { mountNeeds, needs } from '../fixtures/needs.ts';
import { makeStage, shell } from './fixtures/stage.ts';

t.test(
  'a copy of a mount in another namespace does not keep its server at work',
  needs(...mountNeeds),
  async (t) => {
    const store = await makeStage(t).open('strata');
    const layer = newCacheId();
    await store.driver.createReadWrite(layer, undefined);
    const tree = await store.driver.get(layer);
    shell(tree, 'echo one > file');
    const other = spawn('unshare', ['-m', '--propagation', 'private', 'sh', '-c', 'echo ready; exec cat'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    t.teardown(() => {
      other.stdin.end();
    });
    await once(other.stdout, 'data');
    const { server } = (await store.mounts.find(layer)) ?? {};
    t.ok(server);
    const begun = performance.now();
    await store.driver.put(layer);
    t.ok(performance.now() - begun < 55_000, 'it is not waited for in vain');
    t.throws(() => process.kill(server?.pid ?? 0, 0), { code: 'ESRCH' });
    await store.driver.remove(layer);
  },
);

// A process that ended while its namespace was entered was taken for one that keeps the mount.
t.test('copies that go by themselves meanwhile', needs(...mountNeeds), async (t) => {
  const store = await makeStage(t).open('strata');
  const layer = newCacheId();
  await store.driver.createReadWrite(layer, undefined);
  const others = ['0.05', '0.1', '0.15', '0.2', '0.22', '0.24', '0.26', '0.3', '0.35', '0.4'];
  for (let turn = 0; turn < 5; turn += 1) {
    const tree = await store.driver.get(layer);
    shell(tree, `echo ${String(turn)} > file`);
    const ends = others.map((seconds) =>
      once(spawn('unshare', ['-m', '--propagation', 'private', 'sleep', seconds]), 'exit'),
    );
    await store.driver.put(layer);
    await Promise.all(ends);
  }
  await store.driver.remove(layer);
});
