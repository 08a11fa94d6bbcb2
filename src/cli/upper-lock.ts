/**
 * One upper, one mount: a lock on the upper and on the work directory for as long as their server lives, which
 * the kernel drops however the server ends. umount(8) returns before the server of the mount has ended,
 * so a lock whose mount is gone will be free in a moment and is waited for. To tell the two cases apart
 * the holder leaves the device number of its mount in the work directory.
 */
import { FsError } from '../base/fs-error.ts';
import { nameToText, type Name } from '../base/name.ts';
import { UserError } from '../base/user-error.ts';
import { tryLock, type Lock } from '../os/lock.ts';
import { isMounted } from '../os/mountinfo.ts';
import { findSmallFile, pathIn, removeSmallFile, tryWriteSmallFile } from '../os/small-file.ts';

export interface UpperLock {
  /** Notes which mount holds the lock, `major:minor`, if that can be written: it is a hint for those who wait. */
  recordMount(device: string): void;
  release(): void;
}

export interface UpperLockOptions {
  readonly upper: Name;
  readonly work: Name;
  /** How long to wait for a holder without a mount; 5000 unless told. */
  readonly waitMs?: number;
  /** Ends the waiting. */
  readonly signal?: AbortSignal;
}

const noteName = 'stratafs-mount';
const retryMs = 20;

/**
 * Locks both. UserError `in-use` when another mount has one of them, `no-permission` where they cannot be opened;
 * the reason of `signal` when that is aborted.
 */
export async function lockUpper(options: UpperLockOptions): Promise<UpperLock> {
  const note = pathIn(options.work, noteName);
  const deadline = Date.now() + (options.waitMs ?? 5000);
  const locks: Lock[] = [];
  const release = (): void => {
    for (const lock of locks.splice(0)) lock.release();
  };
  try {
    for (const path of [options.upper, options.work]) {
      locks.push(await lockBefore(deadline, path, note, options.signal));
    }
    // From here on the note would tell of a mount that was before.
    removeSmallFile(note);
  } catch (thrown) {
    release();
    throw thrown;
  }
  return {
    recordMount: (device) => {
      tryWriteSmallFile(note, device);
    },
    release: () => {
      removeSmallFile(note);
      release();
    },
  };
}

async function lockBefore(
  deadline: number,
  path: Name,
  note: Name,
  signal: AbortSignal | undefined,
): Promise<Lock> {
  for (;;) {
    const lock = lockNow(path);
    if (lock !== undefined) return lock;
    const device = findSmallFile(note);
    const live = device !== undefined && isMounted(device.trim());
    if (live || Date.now() >= deadline) {
      throw new UserError('in-use', `${nameToText(path)} is in use by another mount`, {
        hint: live
          ? 'unmount that first, or choose other directories'
          : 'its server has not ended, wait or end it',
      });
    }
    // Nothing tells when a lock of another process goes, but trying.
    await new Promise((resolve) => setTimeout(resolve, retryMs));
    signal?.throwIfAborted();
  }
}

function lockNow(path: Name): Lock | undefined {
  try {
    return tryLock(path);
  } catch (cause) {
    if (!(cause instanceof FsError)) throw cause;
    throw new UserError('no-permission', `${nameToText(path)} cannot be locked (${cause.code})`, {
      hint: 'it must be readable for the user who mounts',
      cause,
    });
  }
}
