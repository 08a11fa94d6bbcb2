/**
 * The ends of mounts. One that is off the tree has its layer until its server has written everything, which takes long where
 * the disk is busy. Who wants that layer waits; not with the lock of the run root, for which everybody else would wait, too.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { UserError } from '../base/user-error.ts';
import { isRunning, type ProcessIdentity } from '../os/process-identity.ts';
import { waitForServer, type ServerWait } from './drivers/mounter.ts';
import { findTree, isThere, type MountBook, type MountRecord } from './mount-book.ts';

/** For so long a server may be ending whose mount others have taken off: umount(8) does not wait for it. */
const foreignEndingMs = 10_000;

/** Waits for the server of a mount that was taken off, if there is one, and forgets the mount when that has ended. */
export async function waitForEnding(book: MountBook, name: string, wait: ServerWait = {}): Promise<void> {
  const record = await book.find(name);
  if (record?.ending !== true) return;
  await waitForServerOf(record, wait);
  await book.alone(async () => {
    // By now it may be another mount.
    const found = await book.find(name);
    if (found?.ending === true && !(await book.isUsed(name, found))) await book.remove(name);
  });
}

/**
 * Runs `act`, alone, once the mount `name` is at its place, or not in use any more. UserError `layer-in-use` for one that
 * is in use elsewhere; one that others have taken off is given `waitMs` to end.
 */
export async function onceEnded<T>(
  book: MountBook,
  name: string,
  act: (found: MountRecord | undefined) => Promise<T>,
  { waitMs = foreignEndingMs }: ServerWait = {},
): Promise<T> {
  const begun = performance.now();
  for (let awaited: ProcessIdentity | undefined; ;) {
    const attempt = await book.alone(async () => {
      const found = await book.find(name);
      if (found === undefined || isThere(found) || !(await book.isUsed(name, found)))
        return { result: await act(found) };
      const isLate =
        found.ending === true ? isSame(found.server, awaited) : performance.now() - begun >= waitMs;
      await checkEnding(book, name, found, isLate);
      return { ending: found };
    });
    if ('result' in attempt) return attempt.result;
    const { ending } = attempt;
    await (ending.ending === true ? waitForServerOf(ending) : sleep(50));
    awaited = ending.server;
  }
}

async function waitForServerOf(record: MountRecord, wait: ServerWait = {}): Promise<void> {
  const tree = findTree(record);
  if (record.server === undefined || tree === undefined) return;
  await waitForServer(record.server, tree, wait);
}

/** UserError `layer-in-use` for a mount whose end is not to be waited for. */
async function checkEnding(
  book: MountBook,
  name: string,
  record: MountRecord,
  isLate: boolean,
): Promise<void> {
  const place = await book.findPlace(name, record);
  if (place === undefined && record.server !== undefined && !isLate) return;
  const where = place === undefined ? 'though it is off the tree' : `at ${place}`;
  throw new UserError('layer-in-use', `what was mounted at ${record.target} is in use ${where}`, {
    hint: place === undefined ? 'end the programs that are in it' : `unmount it: umount ${place}`,
  });
}

/** Whether a mount has ended but for its server, which still writes. */
export async function isEnding(book: MountBook, name: string): Promise<boolean> {
  const { ending, server } = (await book.find(name)) ?? {};
  return ending === true && server !== undefined && isRunning(server);
}

function isSame(one: ProcessIdentity | undefined, other: ProcessIdentity | undefined): boolean {
  return one?.pid === other?.pid && one?.start === other?.start;
}
