/**
 * Volumes that are mounted only while somebody uses them: a container that runs, or a command. Who comes and who goes
 * take turns, so that nobody unmounts what another has just found mounted: a run is written down before its volumes
 * are mounted, and whoever unmounts looks for runs.
 */
import { closeSync, existsSync, fstatSync, openSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Fd } from '../base/ids.ts';
import { isFsError } from '../base/fs-error.ts';
import { nameFromText } from '../base/name.ts';
import { UserError } from '../base/user-error.ts';
import { tryLock, waitForLock, type Lock } from '../os/lock.ts';
import { asBroken } from '../store/durable.ts';
import { readContainers } from './container-book.ts';
import { volumesOf } from './container-mounts.ts';
import { findRun } from './container.ts';
import type { Engine } from './engine.ts';
import { discardUnfinished, fillEmpty } from './fill-volume.ts';

/** Mounts a volume for a run that is written down; answers where its content is. UserError. */
export function mountVolume(engine: Engine, name: string): Promise<string> {
  return withVolumeLock(engine, name, () => take(engine, name));
}

/** Unmounts a volume unless a run has it; the run `except` does not count. Nothing when it is gone. */
export async function releaseVolume(engine: Engine, name: string, except?: string): Promise<void> {
  if (engine.volumes.locate(name) === undefined) return;
  await withVolumeLock(engine, name, async () => {
    if (!(await isInUse(engine, name, except))) engine.volumes.unmount(name);
  });
}

/** Runs `act` with the content of a volume. UserError. */
export async function withVolume<T>(
  engine: Engine,
  name: string,
  act: (content: string) => Promise<T>,
): Promise<T> {
  const { content, use } = await withVolumeLock(engine, name, async () => ({
    content: await take(engine, name),
    use: await beginUse(usePath(engine, name)),
  }));
  try {
    return await act(content);
  } finally {
    use.release();
    await releaseVolume(engine, name);
  }
}

/** Whether a command uses the volume just now (`withVolume`). For the holder of the volume's lock. */
export function isInCommand(engine: Engine, name: string): boolean {
  const path = usePath(engine, name);
  if (!existsSync(path)) return false;
  const lock = tryLock(nameFromText(path));
  lock?.release();
  return lock === undefined;
}

/**
 * Copies what is in `from` (O_PATH) into a volume that is empty, before anybody else takes it. UserError. A copy that dies is
 * gone before the volume is used, if it was the volume's only user: of what others have written nothing is thrown away.
 */
export async function fillVolume(engine: Engine, name: string, from: Fd): Promise<void> {
  await withVolumeLock(engine, name, async () => {
    const content = await take(engine, name);
    const isUsed = await isInUse(engine, name);
    // What is mounted for a volume is not its own.
    const isElsewhere = engine.volumes.get(name).options.device !== undefined;
    try {
      await fillEmpty(content, from, { isShared: isUsed || isElsewhere });
    } finally {
      if (!isUsed) engine.volumes.unmount(name);
    }
  });
}

/**
 * Runs `act` while nobody else mounts, unmounts, fills or removes the volume. Not to be nested. UserError
 * `no-such-volume`, also for one that goes while it is waited for.
 */
export async function withVolumeLock<T>(engine: Engine, name: string, act: () => Promise<T>): Promise<T> {
  for (;;) {
    const lock = await lockThere(volumePath(engine, name));
    try {
      if (lock !== undefined) return await act();
    } finally {
      lock?.release();
    }
  }
}

/** The same lock, at once, for the caller to release; undefined where somebody has it, and where the volume has gone. */
export function tryVolumeLock(engine: Engine, name: string): Lock | undefined {
  const place = engine.volumes.locate(name);
  if (place === undefined) return undefined;
  const path = dirname(place.mountpoint);
  try {
    const lock = tryLock(nameFromText(path), 'exclusive');
    return lock === undefined ? undefined : ifThere(lock, path);
  } catch (thrown) {
    if (isFsError(thrown, 'ENOENT')) return undefined;
    throw thrown;
  }
}

/** Undefined where another directory, or none, has that name when it is locked. */
async function lockThere(path: string): Promise<Lock | undefined> {
  try {
    return ifThere(await waitForLock(nameFromText(path), 'exclusive'), path);
  } catch (thrown) {
    if (isFsError(thrown, 'ENOENT')) return undefined;
    throw thrown;
  }
}

function ifThere(lock: Lock, path: string): Lock | undefined {
  if (statSync(path, { throwIfNoEntry: false })?.ino === fstatSync(lock.fd).ino) return lock;
  lock.release();
  return undefined;
}

/** The content, for whoever uses it from now on. */
async function take(engine: Engine, name: string): Promise<string> {
  const content = engine.volumes.mount(name);
  await discardUnfinished(content);
  return content;
}

function volumePath(engine: Engine, name: string): string {
  return dirname(engine.volumes.getPlace(name).mountpoint);
}

/** Locked, shared, by commands that use the volume. */
function usePath(engine: Engine, name: string): string {
  return join(volumePath(engine, name), 'in-use');
}

/** At once for the holder of the volume's lock. */
function beginUse(path: string): Promise<Lock> {
  closeSync(openSync(path, 'a', 0o600));
  return waitForLock(nameFromText(path), 'shared');
}

/** By a run that has begun and whose end is not written yet, or by a command. For the holder of the volume's lock. */
async function isInUse(engine: Engine, volume: string, except?: string): Promise<boolean> {
  if (isInCommand(engine, volume)) return true;
  const { containers, damaged } = await readContainers(engine);
  // Of what is damaged nobody can tell.
  if (damaged.size > 0) return true;
  for (const { id, mounts } of containers) {
    if (id === except || !volumesOf(mounts).some(({ source }) => source === volume)) continue;
    const run = await findRun(engine, id).catch(asBroken);
    if (run instanceof UserError || (run !== undefined && run.finishedAt === undefined)) return true;
  }
  return false;
}
