/**
 * Space in a data root that only removals have. On a full disk they need some as well, for a note of what goes and for
 * the file of names written anew, and would be refused though they are what makes room. So a file takes up that much,
 * is given up when space has ended, and made anew as soon as there is some.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, statfsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { UserError } from '../base/user-error.ts';
import type { DataRoot } from './data-root.ts';
import { isErrno, writeDurably } from './durable.ts';

/** Room for the names of thousands of images, and for what the largest blocks make of small directories. */
const reserveBytes = 1 << 20;

/** Makes the reserve where there is none, unless there is no space for it, or nothing can be written. */
export async function keepReserve(root: DataRoot): Promise<void> {
  if (existsSync(root.reserveFile)) return;
  try {
    // Nothing that a file system could store in less.
    await writeDurably(root.reserveFile, randomBytes(reserveBytes));
  } catch (thrown) {
    // The last: another command, which collects, has taken it for something that was left behind.
    if (!isNoSpace(thrown) && !isErrno(thrown, 'EROFS', 'EACCES', 'ENOENT')) throw thrown;
  }
}

/**
 * Runs `act`, which removes something, with the reserve where space is short, and again where it ended all the same, as
 * a quota does: what it did until then must not hinder it.
 */
export async function withReserve<T>(root: DataRoot, act: () => Promise<T>): Promise<T> {
  try {
    if (isShort(root)) await giveUp(root);
    return await act();
  } catch (thrown) {
    if (!isNoSpace(thrown) || !existsSync(root.reserveFile)) throw thrown;
    await giveUp(root);
    return await act();
  } finally {
    await keepReserve(root);
  }
}

async function giveUp(root: DataRoot): Promise<void> {
  await rm(root.reserveFile, { force: true });
}

function isShort(root: DataRoot): boolean {
  const { bavail, bsize } = statfsSync(root.path);
  return bavail * bsize < reserveBytes;
}

function isNoSpace(thrown: unknown): boolean {
  return isErrno(thrown, 'ENOSPC', 'EDQUOT') || (thrown instanceof UserError && thrown.code === 'no-space');
}
