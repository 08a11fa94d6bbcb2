/**
 * Makes the upper of a layer that was written through a mount plain, so that its directory alone says what changed:
 * what a layer tar is made from, and what other layers may lie over, has no redirects and no metadata-only copies.
 */
import { nameFromText } from '../../base/name.ts';
import { UserError } from '../../base/user-error.ts';
import { settle } from '../../layer/settle.ts';
import { overlayNames } from '../../layer/xattr-names.ts';
import { tryLock } from '../../os/lock.ts';
import { createToolFs, withDirectories } from '../tool-fs.ts';

export interface UpperLayer {
  readonly upper: string;
  readonly work: string;
  /** From the top. */
  readonly lowers: readonly string[];
}

/** What can be stopped anywhere and started again. UserError `layer-in-use`, and what `layer/settle.ts` throws. */
export async function settleLayer({ upper, work, lowers }: UpperLayer): Promise<void> {
  const locks = [upper, work].map((path) => tryLock(nameFromText(path)));
  try {
    if (locks.includes(undefined)) {
      throw new UserError('layer-in-use', `${upper} is being written`, { hint: 'unmount it first' });
    }
    const fs = createToolFs();
    await withDirectories(fs, [upper, work, ...lowers], async ([upperFd, workFd, ...lowerFds]) => {
      if (upperFd === undefined || workFd === undefined) return;
      await settle(fs, { upper: upperFd, work: workFd, lowers: lowerFds, names: overlayNames(false) });
    });
  } finally {
    for (const lock of locks) lock?.release();
  }
}
