/**
 * Counted mounts: the first who wants one mounts, the last who leaves it unmounts. Who wants it is written down
 * with the start time of its process, so that the count is right after any of them was killed.
 */
import { nameFromText, nameToText } from '../base/name.ts';
import { UserError } from '../base/user-error.ts';
import { findMountAt, readMounts, type MountEntry } from '../os/mountinfo.ts';
import { findProcess, isRunning, mountNamespace, type ProcessIdentity } from '../os/process-identity.ts';
import { isOwnSource, isShown, takeOffTree } from './drivers/mounter.ts';
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
import { onceEnded, waitForEnding } from './mount-end.ts';
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

/** Mounts, unless it is mounted already, and notes who holds it. UserError as `onceEnded`. */
export function getMount(book: MountBook, order: MountOrder): Promise<void> {
  return onceEnded(book, order.name, async (found) => {
    const holder = order.kept ? 'kept' : ownIdentity();
    if (found !== undefined) checkNamespace(found);
    if (found !== undefined && isThere(found)) {
      await book.write(order.name, { ...found, holders: [...liveHolders(found), holder] });
      return;
    }
    await freeTarget(order);
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

/** Of a command that died between the mount and its record; a server that was killed leaves its mount, too. */
async function freeTarget({ target, isOwn }: MountOrder): Promise<void> {
  while (findMountAt(nameFromText(target)) !== undefined) {
    if (!isOwn) {
      throw new UserError('busy-mount-point', `${target} is a mount point already`, {
        hint: `unmount it (strata umount ${target}), or mount elsewhere`,
      });
    }
    await takeOffTree(target);
  }
}

/**
 * Takes one holder of a mount off the book, this process before `kept`, and the mount with the last one; then it waits for the
 * server.
 */
export async function putMount(book: MountBook, name: string): Promise<void> {
  const state = await book.alone(async () => {
    const found = await book.find(name);
    if (found === undefined) return 'gone';
    checkNamespace(found);
    const record = { ...found, holders: without(liveHolders(found), ownIdentity()) };
    await book.write(name, record);
    return dropUnheld(book, name, record);
  });
  if (state === 'ending') await waitForEnding(book, name);
}

/**
 * Takes a mount away that somebody has asked for, and the mount that it showed once more where nobody else needs that. For the
 * holder of the lock; answers the name of the one that is ending.
 */
export async function dropMount(
  book: MountBook,
  record: NamedRecord,
  how: { readonly tree: MountEntry | undefined; readonly lazy: boolean },
): Promise<string | undefined> {
  const state = await takeDown(book, record, how);
  if (state === 'ending') return record.name;
  const { of } = record;
  const shown = state === 'gone' && of !== undefined ? await book.find(of) : undefined;
  if (of === undefined || shown === undefined) return undefined;
  return (await dropUnheld(book, of, shown)) === 'ending' ? of : undefined;
}

/**
 * Takes a mount away that nobody holds, with all that is at its `target`, a place of the data root. UserError `layer-in-use`, and as
 * `onceEnded`.
 */
export async function endMount(
  book: MountBook,
  { name, target }: Pick<MountOrder, 'name' | 'target'>,
  wait: { readonly waitMs: number },
): Promise<void> {
  const act = async (found: MountRecord | undefined): Promise<boolean> => {
    if (found !== undefined) checkNamespace(found);
    if (found !== undefined && isThere(found) && (await book.isHeld(name, found))) throw inUse(found.target);
    const tree = (found && findMounted(found)) ?? findMountAt(nameFromText(target));
    if (found !== undefined) return (await takeDown(book, { ...found, name }, { tree })) === 'gone';
    await takeOffTree(target, { tree });
    return true;
  };
  while (!(await onceEnded(book, name, act, wait)));
}

export function inUse(target: string): UserError {
  return new UserError('layer-in-use', `${target} is mounted`, {
    hint: 'end what uses it, and strata umount it',
  });
}

/** What has become of a mount: it is in use all the same; nobody has it but its server, which ends; it is forgotten. */
type MountState = 'stays' | 'ending' | 'gone';

async function dropUnheld(book: MountBook, name: string, record: MountRecord): Promise<MountState> {
  if (await book.isHeld(name, record)) return 'stays';
  return takeDown(book, { ...record, name }, { tree: findMounted(record) });
}

/** Unmounts `tree`, and forgets the record, unless it is still in use. */
async function takeDown(
  book: MountBook,
  { name, ...record }: NamedRecord,
  { tree, lazy = false }: { readonly tree: MountEntry | undefined; readonly lazy?: boolean },
): Promise<MountState> {
  const { server } = record;
  if (tree !== undefined) await takeOffTree(nameToText(tree.mountPoint), { tree, lazy });
  // What was not busy is in nobody's hands.
  const isFree = tree !== undefined && !lazy;
  if (isFree && server !== undefined && isRunning(server) && !isShown(tree)) {
    await book.write(name, { ...record, holders: [], ending: true });
    return 'ending';
  }
  if (await (isFree ? book.isShown(name, record) : book.isUsed(name, record))) return 'stays';
  await book.remove(name);
  return 'gone';
}

/** Most servers have ended by then; who only cleans up waits no longer. */
const soonMs = 1000;

/**
 * Takes down what nobody holds any more, and what a command left that died between a mount and its record: below `base`
 * every `merged` is the data root's. What is in use stays, with its record.
 */
export async function cleanMounts(book: MountBook, base?: string): Promise<void> {
  // Most find nothing to do, and need not wait for those who mount.
  if (!(await isDirty(book, base))) return;
  const ending = await book.alone(async () => {
    const names: string[] = [];
    // Those that show others first: the others may then have no holder any more.
    const { records } = await book.readAll();
    records.sort((a, b) => Number(b.of !== undefined) - Number(a.of !== undefined));
    for (const record of records) {
      if (!(await isDue(book, record))) continue;
      await tryRemoval(async () => {
        const state = await takeDown(book, record, { tree: findMounted(record) ?? findUnrecorded(record) });
        if (state === 'ending') names.push(record.name);
      });
    }
    for (const target of await findUnknown(book, base)) await tryRemoval(() => takeOffTree(target));
    return names;
  });
  await Promise.all(ending.map((name) => waitForEnding(book, name, { waitMs: soonMs })));
}

async function isDirty(book: MountBook, base: string | undefined): Promise<boolean> {
  if ((await findUnknown(book, base)).length > 0) return true;
  for (const record of (await book.readAll()).records) if (await isDue(book, record)) return true;
  return false;
}

/** Whether a mount is to be taken down, or only to be forgotten. */
async function isDue(book: MountBook, record: NamedRecord): Promise<boolean> {
  const { name } = record;
  if (!isThere(record)) return !(await book.isUsed(name, record));
  return !isElsewhere(record) && !(await book.isHeld(name, record));
}

/** Mount points below `base` of which the book does not tell, from the last; none where a record is damaged: it may tell of them. */
async function findUnknown(book: MountBook, base: string | undefined): Promise<string[]> {
  if (base === undefined) return [];
  const prefix = nameFromText(`${base}/`);
  // Before the book, in which one stands before it is made.
  const mounted = readMounts()
    .map(({ mountPoint }) => mountPoint)
    .filter((mountPoint) => mountPoint.startsWith(prefix) && mountPoint.endsWith('/merged'))
    .reverse();
  if (mounted.length === 0) return [];
  const { records, fault } = await book.readAll();
  if (fault !== undefined) return [];
  const known = new Set(records.map(({ target }) => nameFromText(target)));
  return mounted.filter((mountPoint) => !known.has(mountPoint)).map(nameToText);
}

/** What a command has mounted that died before it wrote that down. */
function findUnrecorded({ device, target }: MountRecord): MountEntry | undefined {
  const found = device === undefined ? findMountAt(nameFromText(target)) : undefined;
  return found !== undefined && isOwnSource(found.source) ? found : undefined;
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
