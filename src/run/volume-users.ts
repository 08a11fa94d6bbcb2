/**
 * Which containers have a volume, running or not, and the removal of what none has, and no command uses. A container that is
 * being made notes its volumes before it takes the first, and whoever removes one looks for users while it holds the volume: so
 * none goes between the wish for it and the container.
 */
import { rm } from 'node:fs/promises';
import { UserError } from '../base/user-error.ts';
import type { Lock } from '../os/lock.ts';
import { findText, namesIn, writeDurably } from '../store/durable.ts';
import { readContainers } from './container-book.ts';
import { volumesOf } from './container-mounts.ts';
import { containerPath, type Engine } from './engine.ts';
import { isInCommand, tryVolumeLock, withVolumeLock } from './use-volume.ts';
import type { NewVolume, VolumeFacts } from './volume-driver.ts';
import type { UsersOf } from './volumes.ts';

/** In the directory of a container that has yet to be written: the names of its volumes, each on a line. */
const noteName = 'volumes';

export interface KnownUsers {
  readonly usersOf: UsersOf;
  /** Containers that are damaged, of which nobody can tell what they have: UserError `broken-file`. */
  readonly faults: readonly UserError[];
}

/** For whoever removes: UserError `broken-file` where a container is damaged. */
export async function volumeUsers(engine: Engine): Promise<UsersOf> {
  const { usersOf, faults } = await readVolumeUsers(engine);
  for (const fault of faults) throw fault;
  return usersOf;
}

/** By the names of containers; by its short id one that is being made. */
export async function readVolumeUsers(engine: Engine): Promise<KnownUsers> {
  // Notes first: one that goes meanwhile leaves a container, which is seen then.
  const noted = new Map<string, string[]>();
  for (const id of await namesIn(engine.containers)) {
    const note = await findText(containerPath(engine, id, noteName));
    if (note !== undefined) noted.set(id, note.split('\n'));
  }
  const { containers: all, damaged } = await readContainers(engine);
  const users = all.map(({ name, mounts }) => ({ name, has: volumesOf(mounts).map(({ source }) => source) }));
  for (const { id } of all) noted.delete(id);
  for (const [id, has] of noted) users.push({ name: id.slice(0, 12), has });
  return {
    usersOf: (volume) => users.filter(({ has }) => has.includes(volume)).map(({ name }) => name),
    faults: [...damaged.values()],
  };
}

/** Notes the volumes of the container `id`, which whoever makes it holds. */
export function noteVolumes(engine: Engine, id: string, names: readonly string[]): Promise<void> {
  return writeDurably(containerPath(engine, id, noteName), names.join('\n'));
}

/** For a container that is written: it tells itself which volumes it has. */
export function forgetNote(engine: Engine, id: string): Promise<void> {
  return rm(containerPath(engine, id, noteName), { force: true });
}

/** Makes a volume of which the name was noted, or takes the one that is there. UserError as `Volumes.create`. */
export async function claimVolume(
  engine: Engine,
  name: string,
  request: NewVolume & { readonly driver?: string },
): Promise<void> {
  for (;;) {
    engine.volumes.create(name, request);
    // Who looked for users before the note was written has removed it by now, or leaves it.
    if (await isThere(engine, name)) return;
  }
}

/** UserError `no-such-volume`, `volume-in-use`, `volume-mounted`. */
export function removeVolume(engine: Engine, name: string): Promise<void> {
  return withVolumeLock(engine, name, async () => {
    removeLocked(engine, name, await volumeUsers(engine));
  });
}

/** For the holder of the volume's lock. */
function removeLocked(engine: Engine, name: string, usersOf: UsersOf): void {
  if (isInCommand(engine, name))
    throw new UserError('volume-in-use', `remove ${name}: volume is in use by a command`, {
      hint: 'wait for the import, export or copy that works with it',
    });
  engine.volumes.remove(name, usersOf);
}

export interface VolumeRemoval {
  readonly name: string;
  /** As `removeVolume` throws it; undefined where the volume has gone. */
  readonly failure: Error | undefined;
}

/** Removes several, each in an act of `around`. Answers what became of them, in their order. Containers are read once for many. */
export async function removeVolumes(
  engine: Engine,
  names: readonly string[],
  around: (act: () => Promise<void>) => Promise<void>,
): Promise<readonly VolumeRemoval[]> {
  const removals: { name: string; failure: Error | undefined }[] = names.map((name) => ({
    ...{ name, failure: undefined },
  }));
  const remove = async (removal: { failure: Error | undefined }, act: () => Promise<void>): Promise<void> => {
    try {
      await around(act);
    } catch (thrown) {
      removal.failure = thrown as Error;
    }
  };
  for (let at = 0; at < removals.length; at += lockedAtOnce) {
    const busy = await withLocks(engine, removals.slice(at, at + lockedAtOnce), (removal, usersOf) =>
      remove(removal, () => {
        removeLocked(engine, removal.name, usersOf);
        return Promise.resolve();
      }),
    );
    for (const removal of busy) await remove(removal, () => removeVolume(engine, removal.name));
  }
  return removals;
}

/** The same, unless a container has it, or one that is damaged may, or a command, or it is gone: false then. */
export async function removeUnused(engine: Engine, name: string): Promise<boolean> {
  try {
    return await withVolumeLock(engine, name, async () => {
      const { usersOf, faults } = await readVolumeUsers(engine);
      return faults.length === 0 && removeUnless(engine, name, usersOf);
    });
  } catch (thrown) {
    if (thrown instanceof UserError && thrown.code === 'no-such-volume') return false;
    throw thrown;
  }
}

/** For the holder of the volume's lock; false where it stays. */
function removeUnless(engine: Engine, name: string, usersOf: UsersOf): boolean {
  if (usersOf(name).length > 0 || isInCommand(engine, name)) return false;
  engine.volumes.remove(name, usersOf);
  return true;
}

/** How many volumes are locked at once, each by a descriptor. */
const lockedAtOnce = 256;

/**
 * Removes what no container has: those that nobody named, or with `all` every one, if `accepts` says so. Answers their
 * names. Containers are read once for many volumes, which are locked meanwhile. UserError `broken-file` where a container is damaged.
 */
export async function pruneVolumes(
  engine: Engine,
  options: { readonly all: boolean; readonly accepts?: (facts: VolumeFacts) => boolean },
): Promise<string[]> {
  const gone: string[] = [];
  const prunable = engine.volumes.findPrunable(options);
  if (prunable.length === 0) return gone;
  // What a container has is not even locked: one that begins may be filling it, for minutes.
  const usersOf = await volumeUsers(engine);
  const names = prunable.filter((name) => usersOf(name).length === 0);
  for (let at = 0; at < names.length; at += lockedAtOnce)
    gone.push(...(await pruneTogether(engine, names.slice(at, at + lockedAtOnce))));
  return gone.sort();
}

async function pruneTogether(engine: Engine, names: readonly string[]): Promise<string[]> {
  const gone: string[] = [];
  const all = names.map((name) => ({ name }));
  const busy = await withLocks(engine, all, ({ name }, usersOf) => {
    if (removeUnless(engine, name, usersOf)) gone.push(name);
  });
  // Waited for by themselves: who is at work with one may wait for another.
  for (const { name } of busy) if (await removeUnused(engine, name)) gone.push(name);
  return gone;
}

/** Runs `act` for each that nobody has locked, in the lock of the volume; answers the others, and those that are not there. */
async function withLocks<Named extends { readonly name: string }>(
  engine: Engine,
  all: readonly Named[],
  act: (one: Named, usersOf: UsersOf) => void | Promise<void>,
): Promise<Named[]> {
  const locks = new Map<Named, Lock>();
  try {
    for (const one of all) {
      const lock = tryVolumeLock(engine, one.name);
      if (lock !== undefined) locks.set(one, lock);
    }
    const busy = all.filter((one) => !locks.has(one));
    if (locks.size === 0) return busy;
    // Read when they are locked: who wants one from now on waits.
    const usersOf = await volumeUsers(engine);
    for (const [one, lock] of locks) {
      await act(one, usersOf);
      lock.release();
    }
    return busy;
  } finally {
    for (const lock of locks.values()) lock.release();
  }
}

async function isThere(engine: Engine, name: string): Promise<boolean> {
  try {
    return await withVolumeLock(engine, name, () => Promise.resolve(true));
  } catch (thrown) {
    if (thrown instanceof UserError && thrown.code === 'no-such-volume') return false;
    throw thrown;
  }
}
