/** Mount namespaces that others have made while a layer was mounted. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import t from 'tap';
import type { MountedTree } from '../../src/os/mountinfo.ts';
import { detachCopies } from '../../src/store/drivers/mount-copies.ts';
import { newCacheId } from '../../src/store/ids.ts';
import { findTree, type MountRecord } from '../../src/store/mount-book.ts';
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

// It was taken for one that keeps the mount.
t.test('a process that ends while its namespace is entered', needs(...mountNeeds), async (t) => {
  const stage = makeStage(t);
  const store = await stage.open('strata');
  const layer = newCacheId();
  await store.driver.createReadWrite(layer, undefined);
  await store.driver.get(layer);
  const other = spawn('unshare', ['-m', '--propagation', 'private', 'sh', '-c', 'echo ready; exec cat'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await once(other.stdout, 'data');
  const programs = stage.directory('programs');
  // Others may have copies, too.
  const ending = `#!/bin/sh
[ "$2" = ${String(other.pid)} ] || exec /usr/bin/nsenter "$@"
kill -9 "$2"
while cat /proc/"$2"/mountinfo >/dev/null 2>&1; do :; done
exit 1
`;
  writeFileSync(`${programs}/nsenter`, ending, { mode: 0o755 });
  const { PATH = '' } = process.env;
  process.env.PATH = `${programs}:${PATH}`;
  t.teardown(() => {
    process.env.PATH = PATH;
  });
  const tree = findTree((await store.mounts.find(layer)) as MountRecord) as MountedTree;
  t.equal(await detachCopies(tree), true);
  t.equal(other.signalCode ?? (await once(other, 'exit'))[1], 'SIGKILL');
  process.env.PATH = PATH;
  await store.driver.put(layer);
  await store.driver.remove(layer);
});
