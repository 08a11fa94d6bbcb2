/**
 * The kernel gives the number of a device, and that of a mount, to the next mount once they are free. Where that was one of another
 * data root, a mount that had gone was told to be in use there.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import t, { type Test } from 'tap';
import { asName, nameFromText } from '../../src/base/name.ts';
import { findMountAt } from '../../src/os/mountinfo.ts';
import { newCacheId } from '../../src/store/ids.ts';
import type { Store } from '../../src/store/store.ts';
import { needs } from '../fixtures/needs.ts';
import { makeStage, shell } from '../store/fixtures/stage.ts';

/** A layer of its own, mounted. */
async function mountLayer(
  driver: Store['driver'],
): Promise<{ id: ReturnType<typeof newCacheId>; path: string }> {
  const id = newCacheId();
  await driver.createReadWrite(id, undefined);
  return { id, path: await driver.get(id) };
}

function deviceAt(path: string): string | undefined {
  return findMountAt(nameFromText(path))?.device;
}

/** Whether the next mounts of `other` got the number of one that has gone, which then is in use no more. */
async function isForgotten(t: Test, driver: Store['driver'], other: Store['driver']): Promise<boolean> {
  const { id, path } = await mountLayer(driver);
  const device = deviceAt(path);
  t.type(device, 'string');
  const user = spawn('sleep', ['600'], { cwd: path, stdio: 'ignore' });
  await once(user, 'spawn');
  shell('/', `umount -l ${path}`);
  await t.rejects(driver.changes(id, undefined), { code: 'layer-in-use' });
  user.kill('SIGKILL');
  await once(user, 'exit');
  let isGiven = false;
  for (let tries = 0; tries < 10 && !isGiven; tries += 1) {
    const next = await mountLayer(other);
    isGiven = deviceAt(next.path) === device;
  }
  t.same(await driver.changes(id, undefined), []);
  await driver.put(id);
  await driver.remove(id);
  return isGiven;
}

t.test('a mount that has gone is not that of another data root', needs('root', 'overlayfs'), async (t) => {
  const { driver } = await makeStage(t).open('overlay2');
  const { driver: other } = await makeStage(t).open('overlay2');
  let isGiven = false;
  // Others on this machine may mount meanwhile, get the number, and keep it.
  for (let rounds = 0; rounds < 10 && !isGiven; rounds += 1) isGiven = await isForgotten(t, driver, other);
  t.ok(isGiven, 'the number is given to another mount');
});

t.test('each mount has a source of its own', needs('root', 'overlayfs'), async (t) => {
  for (const name of ['overlay2', 'strata'] as const) {
    const { driver } = await makeStage(t).open(name);
    const paths = [(await mountLayer(driver)).path, (await mountLayer(driver)).path];
    const sources = paths.map((path) => findMountAt(nameFromText(path))?.source ?? asName(''));
    for (const source of sources) t.match(source, /^strata-[0-9a-f]{8}$/, name);
    t.not(sources[0], sources[1], name);
  }
});
