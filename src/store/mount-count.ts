/**
 * Counted mounts: the first who wants one mounts, the last who leaves it unmounts. Who wants it is written down
 * with the start time of its process, so that the count is right after any of them was killed.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { nameFromText, nameToText } from '../base/name.ts';
import { UserError } from '../base/user-error.ts';
import { findMountAt, readMounts, type MountEntry } from '../os/mountinfo.ts';
import { findProcess, mountNamespace, type ProcessIdentity } from '../os/process-identity.ts';
import { mountSource, unmountTree } from './drivers/mounter.ts';
import type { CacheId } from './ids.ts';
import {
  checkNamespace,
  findMounted,
  isElsewhere,
  isThere,
  liveHolders,
  type Holder,
  type MountBook,
  type MountRecord,
  type NamedRecord,
} from './mount-book.ts';
import { tryRemoval } from './try-removal.ts';

export interface MountOrder {
  /** Of the record in the book. */
  readonly name: string;
  readonly target: string;
  /** Whether the target is a place of the data root, on which nobody else mounts. */
  readonly isOwn: boolean;
  readonly title: string;
  readonly kept: boolean;
  readonly layers: readonly CacheId[];
  readonly upper?: string | undefined;
  /** The name of the mount that it shows once more. */
  readonly of?: string | undefined;
  mount(): Promise<ProcessIdentity | undefined>;
}

/** Mounts, unless it is mounted already, and notes who holds it. */
export function getMount(book: MountBook, order: MountOrder): Promise<void> {
  return book.alone(async () => {
    const holder = order.kept ? 'kept' : ownIdentity();
    const found = await book.find(order.name);
    if (found !== undefined) checkNamespace(found);
    if (found !== undefined && isThere(found)) {
      await book.write(order.name, { ...found, holders: [...liveHolders(found), holder] });
      return;
    }
    if (found !== undefined) await checkEnded(book, order.name, found);
    await freeTarget(order, found);
    const { target, title, layers, upper, of } = order;
    const record: MountRecord = {
      ...{ target, title, layers, namespace: mountNamespace(), holders: [holder], maker: ownIdentity() },
      ...(upper === undefined ? {} : { upper }),
      ...(of === undefined ? {} : { of }),
    };
    // Before there is anything: a mount that nobody knows of would lose its layers.
    await book.write(order.name, record);
    const server = await order.mount().catch(async (thrown: unknown) => {
      await book.remove(order.name);
      throw thrown;
    });
    const mounted = findMountAt(nameFromText(target));
    await book.write(order.name, {
      ...record,
      ...(mounted === undefined ? {} : numbersOf(mounted)),
      ...(server === undefined ? {} : { server }),
    });
  });
}

function numbersOf({ id, device, root, source }: MountEntry): Partial<MountRecord> {
  return { device, mountId: id, root, source };
}

/** For so long a server may be ending, and a mount is not in use any more: umount(8) does not wait for it. */
const endingMs = 10_000;

/** UserError `layer-in-use` for a mount that has left its place and is in use all the same after `waitMs`. */
export async function checkEnded(
  book: MountBook,
  name: string,
  record: MountRecord,
  waitMs = endingMs,
): Promise<void> {
  for (const begun = performance.now(); await book.isUsed(name, record);) {
    const place = await book.findPlace(name, record);
    if (place === undefined && record.server !== undefined && performance.now() - begun < waitMs) {
      await sleep(50);
      continue;
    }
    const where = place === undefined ? 'though it is off the tree' : `at ${place}`;
    throw new UserError('layer-in-use', `what was mounted at ${record.target} is in use ${where}`, {
      hint: place === undefined ? 'end the programs that are in it' : `unmount it: umount ${place}`,
    });
  }
}

/** Of a command that died between the mount and its record; a server that was killed leaves its mount, too. */
async function freeTarget({ target, isOwn }: MountOrder, found: MountRecord | undefined): Promise<void> {
  while (findMountAt(nameFromText(target)) !== undefined) {
    if (!isOwn) {
      throw new UserError('busy-mount-point', `${target} is a mount point already`, {
        hint: `unmount it (strata umount ${target}), or mount elsewhere`,
      });
    }
    await unmountTree(target, { server: found?.server });
  }
}

/** Takes one holder of a mount off the book, this process before `kept`, and the mount with the last one. */
export function putMount(book: MountBook, name: string): Promise<void> {
  return book.alone(async () => {
    const found = await book.find(name);
    if (found === undefined) return;
    checkNamespace(found);
    const record = { ...found, holders: without(liveHolders(found), ownIdentity()) };
    await book.write(name, record);
    await dropUnheld(book, name, record);
  });
}

/** Takes a mount away that somebody has asked for, and the mount that it showed once more where nobody else needs that. */
export async function dropMount(
  book: MountBook,
  record: NamedRecord,
  how: { readonly tree: MountEntry | undefined; readonly lazy: boolean },
): Promise<void> {
  if (!(await takeDown(book, record, how)) || record.of === undefined) return;
  const shown = await book.find(record.of);
  if (shown !== undefined) await dropUnheld(book, record.of, shown);
}

async function dropUnheld(book: MountBook, name: string, record: MountRecord): Promise<void> {
  if (await book.isHeld(name, record)) return;
  await takeDown(book, { ...record, name }, { tree: findMounted(record) });
}

/** Unmounts `tree`, and forgets the record, unless it is still in use. Answers whether it is not. */
async function takeDown(
  book: MountBook,
  record: NamedRecord,
  { tree, lazy = false }: { readonly tree: MountEntry | undefined; readonly lazy?: boolean },
): Promise<boolean> {
  const { name, server } = record;
  if (tree !== undefined) await unmountTree(nameToText(tree.mountPoint), { tree, server, lazy });
  // What was not busy is in nobody's hands.
  const isFree = tree !== undefined && !lazy;
  if (await (isFree ? book.isShown(name, record) : book.isUsed(name, record))) return false;
  await book.remove(name);
  return true;
}

/**
 * Takes down what nobody holds any more, and what a command left that died between a mount and its record: below `base`
 * every `merged` is the data root's. What is in use stays, with its record.
 */
export function cleanMounts(book: MountBook, base?: string): Promise<void> {
  return book.alone(async () => {
    // Those that show others first: the others may then have no holder any more.
    const records = (await book.list()).sort(
      (a, b) => Number(b.of !== undefined) - Number(a.of !== undefined),
    );
    for (const record of records) {
      if (isThere(record) && (isElsewhere(record) || (await book.isHeld(record.name, record)))) continue;
      await tryRemoval(() => takeDown(book, record, { tree: findMounted(record) ?? findUnrecorded(record) }));
    }
    if (base === undefined) return;
    const known = new Set((await book.list()).map(({ target }) => nameFromText(target)));
    const prefix = nameFromText(`${base}/`);
    for (const { mountPoint } of readMounts().reverse()) {
      if (mountPoint.startsWith(prefix) && mountPoint.endsWith('/merged') && !known.has(mountPoint)) {
        await tryRemoval(() => unmountTree(nameToText(mountPoint), {}));
      }
    }
  });
}

/** What a command has mounted that died before it wrote that down. */
function findUnrecorded({ device, target }: MountRecord): MountEntry | undefined {
  const found = device === undefined ? findMountAt(nameFromText(target)) : undefined;
  return found?.source === mountSource ? found : undefined;
}

function without(holders: readonly Holder[], own: ProcessIdentity): Holder[] {
  const mine = holders.findIndex((holder) => holder !== 'kept' && holder.pid === own.pid);
  const index = mine >= 0 ? mine : holders.indexOf('kept');
  return index < 0 ? [...holders] : holders.toSpliced(index, 1);
}

function ownIdentity(): ProcessIdentity {
  const own = findProcess(process.pid);
  if (own === undefined) throw new Error('/proc does not know this process');
  return own;
}
