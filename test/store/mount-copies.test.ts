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
