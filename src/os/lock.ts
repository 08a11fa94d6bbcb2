/**
 * A lock on a directory or file that lasts as long as its holder lives: flock(2), by fs-ext. It
 * belongs to the open file description, so that the kernel drops it when the process ends, however
 * it ends, and a lock of the same process held twice excludes itself.
 */
import { closeSync, constants, openSync } from 'node:fs';
import { createRequire } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';

import { errno } from '../base/errno.ts';
import { FsError, isFsError } from '../base/fs-error.ts';
import type { Fd } from '../base/ids.ts';
import { asName, nameToText, type Name } from '../base/name.ts';
import { UserError } from '../base/user-error.ts';
import { getAddon } from './addon.ts';
import { attempt } from './attempt.ts';
import { MS_NOATIME, O_DIRECTORY, O_RDONLY } from './constants.ts';
import { findDetachedClone } from './mount.ts';

/** The one function of fs-ext that is used; it has no types of its own. Throws Node's system errors. */
interface FsExt {
  flockSync(fd: number, operation: 'sh' | 'ex' | 'shnb' | 'exnb' | 'un'): void;
}

export interface Lock {
  readonly path: Name;
  /** What is locked, open for reading. */
  readonly fd: Fd;
  /** Gives it up; a second call does nothing. */
  release(): void;
}

/** Alone, or together with others that share it. */
export type LockMode = 'exclusive' | 'shared';

/**
 * Locks what is at `path` at once: undefined when somebody holds it. Throws FsError where it cannot be opened
 * (ENOENT, EACCES) or locked (ENOLCK, EOPNOTSUPP), UserError `fs-ext-missing`.
 */
export function tryLock(path: Name, mode: LockMode = 'exclusive'): Lock | undefined {
  return lockOpened(openThere(path), path, mode);
}

/** The same alone; undefined also where nothing is. */
export function tryLockThere(path: Name): Lock | undefined {
  try {
    return tryLock(path);
  } catch (thrown) {
    if (isFsError(thrown, 'ENOENT')) return undefined;
    throw thrown;
  }
}

/**
 * The same as `tryLock` for a directory, alone, by way of a private clone of its mount where that may be made: who holds the
 * lock does not keep the file system from being unmounted.
 */
export function tryLockApart(path: Name): Lock | undefined {
  const clone = findDetachedClone(path, { readOnly: false, flags: MS_NOATIME });
  if (clone === undefined) return lockOpened(openThere(path), path, 'exclusive');
  const native = getAddon();
  const fd = native.openat(clone, asName('.'), O_RDONLY | O_DIRECTORY, 0);
  native.close(clone);
  if (fd < 0) throw new FsError(-fd, { syscall: 'open', path: nameToText(path) });
  return lockOpened(fd, path, 'exclusive');
}

function openThere(path: Name): number {
  const flags = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY;
  return attempt('open', path, () => openSync(Buffer.from(path, 'latin1'), flags));
}

/** Closes `fd` where somebody else has the lock. */
function lockOpened(fd: number, path: Name, mode: LockMode): Lock | undefined {
  let held = false;
  try {
    held = lockAtOnce(fd, path, mode);
  } finally {
    if (!held) closeSync(fd);
  }
  return held ? createHandle(fd, path) : undefined;
}

/** The longest pause between two tries of `waitForLock`. */
const longestPauseMs = 50;

/**
 * The same, but waits until it is free: no event tells of that, and a blocked thread of the pool could be the one
 * that the holder, in this process, waits for. Ends with the reason of `signal` when that is aborted.
 */
export async function waitForLock(path: Name, mode: LockMode, signal?: AbortSignal): Promise<Lock> {
  for (let pauseMs = 1; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
    signal?.throwIfAborted();
    const lock = tryLock(path, mode);
    if (lock !== undefined) return lock;
    // Of several who wait, none is always too late.
    await sleep(pauseMs * (0.5 + Math.random()));
  }
}

function lockAtOnce(fd: number, path: Name, mode: LockMode): boolean {
  const fsExt = loadFsExt();
  try {
    attempt('flock', path, () => {
      fsExt.flockSync(fd, mode === 'shared' ? 'shnb' : 'exnb');
    });
  } catch (thrown) {
    if (thrown instanceof FsError && thrown.errno === errno.EAGAIN) return false;
    throw thrown;
  }
  return true;
}

/** npm leaves it out in silence where it could not be compiled: it is an optional dependency. */
function loadFsExt(): FsExt {
  try {
    return createRequire(import.meta.url)('fs-ext') as FsExt;
  } catch (cause) {
    throw new UserError('fs-ext-missing', 'the package fs-ext, which locks files, cannot be loaded', {
      hint: 'install it anew, with a compiler and this version of Node: npm install --include=optional',
      cause,
    });
  }
}

function createHandle(fd: number, path: Name): Lock {
  let released = false;
  return {
    path: asName(path),
    fd: fd as Fd,
    release: () => {
      if (released) return;
      released = true;
      closeSync(fd);
    },
  };
}
