/**
 * While the server of one mount wrote its last, which can take long on a busy disk, every other command waited for it, up to a
 * minute.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { isRunning } from '../../src/os/process-identity.ts';
import { newCacheId, type CacheId } from '../../src/store/ids.ts';
import type { Store } from '../../src/store/store.ts';
import { serversOf, until } from '../cli/fixtures/program.ts';
import { containerNeeds, makeStrata } from '../cli/fixtures/strata.ts';
import { isMounted } from '../fixtures/mount.ts';
import { mountNeeds, needs } from '../fixtures/needs.ts';
import { makeStage, shell, type Stage } from '../store/fixtures/stage.ts';

/** Less than a server is waited for, by far. */
const quickMs = 50_000;

/** Holds the only server of a mount point still; answers what lets it go on. */
function hold(t: Test, mountPoint: string): () => void {
  const [server = 0, ...others] = serversOf(mountPoint);
  t.strictSame(others, []);
  process.kill(server, 'SIGSTOP');
  const letGo = (): void => void process.kill(server, 'SIGCONT');
  t.teardown(() => {
    if (serversOf(mountPoint).includes(server)) letGo();
  });
  return letGo;
}

async function isPending(promise: Promise<unknown>): Promise<boolean> {
  return Promise.race([promise.then(() => false), sleep(500, true)]);
}

async function writtenLayer({ driver }: Store): Promise<{ id: CacheId; path: string }> {
  const id = newCacheId();
  await driver.createReadWrite(id, undefined);
  const path = await driver.get(id);
  shell(path, 'echo one > file');
  return { id, path };
}

t.test('commands go on while a container ends', needs(...containerNeeds), async (t) => {
  const strata = makeStrata(t);
  const { get } = strata;
  get('run', '-d', '--name', 'box', 'base', 'sleep', '1000');
  const merged = get('inspect', '-f', '{{.GraphDriver.Data.MergedDir}}', 'box');
  const letGo = hold(t, merged);
  get('kill', 'box');
  await until(() => !isMounted(merged), 'its mount is gone');
  const begun = performance.now();
  t.equal(get('ps', '-q'), '');
  t.equal(get('run', '--rm', 'base', 'echo', 'other'), 'other');
  t.equal(get('system', 'check'), 'nothing is wrong');
  t.ok(performance.now() - begun < quickMs, 'nobody waits for its server');
  const removal = strata.start('rm', 'box');
  t.ok(await isPending(removal.ended), 'but who removes it');
  letGo();
  t.equal(await removal.ended, 0, removal.output());
});

t.test('only what concerns its layer waits for a server', needs(...mountNeeds), async (t) => {
  const store = await makeStage(t).open('strata');
  const { driver } = store;
  const { id, path } = await writtenLayer(store);
  const letGo = hold(t, path);
  const put = driver.put(id);
  await until(() => !isMounted(path), 'it is unmounted');
  const begun = performance.now();
  const other = await writtenLayer(store);
  await driver.put(other.id);
  await driver.cleanup();
  t.ok(performance.now() - begun < quickMs, 'others are mounted and unmounted');
  const changes = driver.changes(id, undefined);
  const gets = [driver.get(id), driver.get(id)];
  for (const waiting of [put, changes, ...gets]) t.ok(await isPending(waiting));
  t.match(await store.mounts.list(), [{ name: id, holders: [] }]);
  letGo();
  await put;
  t.strictSame(await Promise.all(gets), [path, path]);
  // Who was first has mounted it, or has seen the changes.
  await changes.catch((thrown: unknown) => t.match(thrown, { code: 'layer-in-use' }));
  t.equal(readFileSync(`${path}/file`, 'utf8'), 'one\n');
  await driver.put(id);
  t.ok(isMounted(path), 'it is counted');

  const letGoAgain = hold(t, path);
  const secondPut = driver.put(id);
  await until(() => !isMounted(path), 'it is unmounted');
  const removal = driver.remove(id);
  t.ok(await isPending(removal));
  letGoAgain();
  await Promise.all([secondPut, removal]);
  t.strictSame(await store.mounts.list(), []);
});

// It said that the image was mounted, at a place where it was not.
t.test('who removes an image waits for the server of its mount', needs(...containerNeeds), async (t) => {
  const strata = makeStrata(t);
  const place = strata.scratch.directory('place');
  strata.get('mount', 'base', place);
  const letGo = hold(t, place);
  const unmounting = strata.start('umount', place);
  await until(() => !isMounted(place), 'it is unmounted');
  const removal = strata.start('rmi', 'base');
  t.ok(await isPending(removal.ended), removal.output());
  t.match(strata.run('images', '-q'), { status: 0, stdout: /^\w+\n$/ }, 'for which nobody else waits');
  letGo();
  t.equal(await removal.ended, 0, removal.output());
  t.equal(await unmounting.ended, 0, unmounting.output());
});

/** A process that gets the layer, and puts it when it is told to. */
async function holderOf(
  stage: Stage,
  id: CacheId,
): Promise<{ readonly put: () => void; readonly kill: () => Promise<void> }> {
  const module = fileURLToPath(new URL('../../dist/store/store.js', import.meta.url));
  const script = `
    const { Store } = await import(${JSON.stringify(module)});
    const { driver } = await Store.open({ root: ${JSON.stringify(stage.root)}, driver: 'strata' });
    console.log(await driver.get('${id}'));
    process.stdin.once('data', () => driver.put('${id}'));
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await once(createInterface(child.stdout), 'line');
  return {
    put: () => child.stdin.write('\n'),
    kill: async () => {
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}

t.test('a command dies while it waits for a server', needs(...mountNeeds), async (t) => {
  const stage = makeStage(t);
  const store = await stage.open('strata');
  const { id, path } = await writtenLayer(store);
  await store.driver.put(id);
  const holder = await holderOf(stage, id);
  const letGo = hold(t, path);
  holder.put();
  await until(() => !isMounted(path), 'it is unmounted');
  await holder.kill();
  const begun = performance.now();
  const next = await stage.open('strata');
  t.ok(performance.now() - begun < quickMs);
  const records = await next.mounts.list();
  t.match(records, [{ name: id }], 'its layer is still in use');
  const server = records[0]?.server;
  letGo();
  // Its command line has gone before it has.
  await until(() => server !== undefined && !isRunning(server), 'the server ends');
  await next.driver.cleanup();
  t.strictSame(await next.mounts.list(), []);
  t.equal(readFileSync(`${await next.driver.get(id)}/file`, 'utf8'), 'one\n');
  await next.driver.put(id);
});
