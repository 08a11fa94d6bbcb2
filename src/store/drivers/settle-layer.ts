/**
 * Makes the upper of a layer that was written through a mount plain, so that its directory alone says what changed:
 * what a layer tar is made from, and what other layers may lie over, has no redirects and no metadata-only copies.
 */
import { nameFromText } from '../../base/name.ts';
import { UserError } from '../../base/user-error.ts';
import { settle } from '../../layer/settle.ts';
import { overlayNames } from '../../layer/xattr-names.ts';
import { waitForLock, type Lock } from '../../os/lock.ts';
import { createToolFs, withDirectories } from '../tool-fs.ts';

export interface UpperLayer {
  readonly upper: string;
  readonly work: string;
  /** From the top. */
  readonly lowers: readonly string[];
}

/** A server may still be ending: umount(8) does not wait for it. */
const endingMs = 10_000;

/**
 * What can be stopped anywhere and started again. UserError `layer-in-use` where somebody has it for longer than `waitMs`,
 * and what `layer/settle.ts` throws.
 */
export async function settleLayer({ upper, work, lowers }: UpperLayer, waitMs = endingMs): Promise<void> {
  await withoutMount([upper, work], waitMs, async () => {
    const fs = createToolFs();
    await withDirectories(fs, [upper, work, ...lowers], async ([upperFd, workFd, ...lowerFds]) => {
      if (upperFd === undefined || workFd === undefined) return;
      const parts = { upper: upperFd, work: workFd, lowers: lowerFds, names: overlayNames(false) };
      await settle(fs, { ...parts, keepsCounts: false });
    });
  });
}

/**
 * Does `act` while no stratafs can mount with these, the upper and the work directory. UserError `layer-in-use` where one
 * has them for longer than `waitMs`, whoever mounted it.
 */
export async function withoutMount<T>(
  paths: readonly string[],
  waitMs: number,
  act: () => Promise<T>,
): Promise<T> {
  const signal = AbortSignal.timeout(waitMs);
  const locks: Lock[] = [];
  try {
    for (const path of paths) locks.push(await lockEnding(path, signal));
    return await act();
  } finally {
    for (const lock of locks) lock.release();
  }
}

async function lockEnding(path: string, signal: AbortSignal): Promise<Lock> {
  try {
    return await waitForLock(nameFromText(path), 'exclusive', signal);
  } catch (thrown) {
    if (thrown !== signal.reason) throw thrown;
    throw new UserError('layer-in-use', `${path} is being written`, { hint: 'unmount it first' });
  }
}
