/**
 * One upper, one mount: a lock on the upper and on the work directory for as long as their server lives, which
 * the kernel drops however the server ends. umount(8) returns before the server of the mount has ended,
 * so a lock whose mount is gone will be free when what was written is on the disk, and is waited for. To tell the
 * cases apart the holder leaves the device number of its mount, its process and what was asked for in the work directory. A
 * process in another container has an id that means another one here, or none.
 * As under an overlay of the kernel, none of this keeps the file system of the upper from being unmounted.
 */
import { createHash } from 'node:crypto';
import { FsError } from '../base/fs-error.ts';
import { asName, nameToText, type Name } from '../base/name.ts';
import { UserError } from '../base/user-error.ts';
import { tryLockApart, type Lock } from '../os/lock.ts';
import { findMountAt, findMountsOf, isMounted } from '../os/mountinfo.ts';
import { isRunning, ownIdentity, pidNamespace } from '../os/process-identity.ts';
import { findSmallFile, pathIn, removeSmallFile, tryWriteSmallFile } from '../os/small-file.ts';
import type { MountSpec } from './mount-spec.ts';

/** What makes two calls mean one mount; paths as `checkLayers` answers them. */
export type Asked = Pick<MountSpec, 'layers' | 'format' | 'identity' | 'mount'>;

export interface UpperLock {
  /** Notes which mount holds the lock, `major:minor`, and of what, if that can be written: it is a hint for those who come. */
  recordMount(device: string, asked: Asked): void;
  /** Notes that the mount is gone, while there is something left to write. */
  recordEnd(): void;
  release(): void;
}

export interface UpperLockOptions {
  readonly upper: Name;
  readonly work: Name;
  /** How long to wait for a holder whose mount is gone; 60000 unless told. One that tells nothing is given 5000 at most. */
  readonly waitMs?: number;
  /** Ends the waiting. */
  readonly signal?: AbortSignal;
}

const noteName = 'stratafs-mount';
/** In the note of a holder whose mount is gone. */
const noDevice = '-';
/** Between two tries: a server ends within milliseconds, or takes long. */
const [firstRetryMs, lastRetryMs] = [1, 20];
/**
 * As long a mount is seen before it is believed, pauses alone: its device number may by now be that of another, of a server that goes
 * on, and where processors are busy that server needs its time, too.
 */
const believeMs = 300;
const unknownMs = 5000;

/**
 * Locks both. UserError `in-use` when another mount has one of them, `no-permission` where they cannot be opened;
 * the reason of `signal` when that is aborted.
 */
export async function lockUpper(options: UpperLockOptions): Promise<UpperLock> {
  const note = pathIn(options.work, noteName);
  const wait = new Wait(note, options);
  const locks: Lock[] = [];
  // By the lock, since what is at the path may be another directory by then.
  const ownNote = (): Name => pathIn(asName(`/proc/self/fd/${String(locks.at(-1)?.fd)}`), noteName);
  const release = (): void => {
    for (const lock of locks.splice(0)) lock.release();
  };
  try {
    for (const path of [options.upper, options.work]) {
      locks.push(await wait.lock(path));
    }
    // From here on the note would tell of a mount that was before.
    removeSmallFile(ownNote());
  } catch (thrown) {
    release();
    throw thrown;
  }
  const record = (device: string, digest: string): void => {
    const { pid, start } = ownIdentity();
    tryWriteSmallFile(ownNote(), [device, String(pid), digest, start, pidNamespace()].join(' '));
  };
  return {
    recordMount: (device, asked) => {
      record(device, digestOf(asked));
    },
    recordEnd: () => {
      record(noDevice, '-');
    },
    release: () => {
      removeSmallFile(ownNote());
      release();
    },
  };
}

/**
 * Whether what shows at `mountPoint` is the mount that is asked for. Some clients mount twice within a moment, and
 * mean one mount.
 */
export function isMountedThere(asked: Asked, mountPoint: Name): boolean {
  const { work } = asked.layers;
  if (work === undefined) return false;
  const [device, , digest] = findSmallFile(pathIn(work, noteName))?.trim().split(' ') ?? [];
  return device !== undefined && digest === digestOf(asked) && findMountAt(mountPoint)?.device === device;
}

/** One word, the same for those only who ask for the same. How the mount is called and served is nobody's loss. */
function digestOf({ layers, format, identity, mount }: Asked): string {
  const { lower, dataOnly, upper, work } = layers;
  const flags = [mount.set, mount.labels, mount.allowOther];
  const parts = [lower, dataOnly, upper, work, given(format), given(identity), flags];
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url');
}

/** One that was handed to another process has lost what is undefined. */
function given(options: object): [string, unknown][] {
  return Object.entries(options)
    .filter(([, value]) => value !== undefined)
    .sort(([one], [other]) => (one < other ? -1 : 1));
}

/** Who holds a lock, by its note. */
interface Holder {
  readonly pid: number;
  /** Its mount is still there. */
  readonly isMounted: boolean;
}

/** One wait for all the locks. */
class Wait {
  readonly #note: Name;
  readonly #endingMs: number;
  readonly #signal: AbortSignal | undefined;
  readonly #begun = Date.now();
  #retryMs = firstRetryMs;
  /** A holder that was ending was seen: its note goes a moment before its lock. */
  #isEnding = false;
  /** For how long each holder that was asked about had its mount, in pauses. */
  #mountedMs = 0;

  constructor(note: Name, { waitMs = 60_000, signal }: UpperLockOptions) {
    this.#note = note;
    this.#endingMs = waitMs;
    this.#signal = signal;
  }

  async lock(path: Name): Promise<Lock> {
    for (;;) {
      const lock = lockNow(path);
      if (lock !== undefined) return lock;
      const holder = findHolder(this.#note);
      if (holder?.isMounted === false) this.#isEnding = true;
      const waitedMs = Date.now() - this.#begun;
      const limitMs = this.#isEnding ? this.#endingMs : Math.min(unknownMs, this.#endingMs);
      if (this.#isBelieved(holder) || waitedMs >= limitMs) throw inUse(path, holder);
      // Nothing tells when a lock of another process goes, but trying.
      await new Promise((resolve) => setTimeout(resolve, this.#retryMs));
      this.#mountedMs += this.#retryMs;
      this.#retryMs = Math.min(this.#retryMs * 2, lastRetryMs);
      this.#signal?.throwIfAborted();
    }
  }

  #isBelieved(holder: Holder | undefined): boolean {
    if (holder?.isMounted !== true) this.#mountedMs = 0;
    return this.#mountedMs >= believeMs;
  }
}

/** undefined where neither the process that the note tells of can be seen, nor its mount. */
function findHolder(note: Name): Holder | undefined {
  const [device, process, , start, namespace] = findSmallFile(note)?.trim().split(' ') ?? [];
  if (device === undefined || start === undefined) return undefined;
  const pid = Number(process);
  const isKnown = namespace === pidNamespace() && isRunning({ pid, start });
  // In its own mount namespace; in this one it may never have been.
  const mounts = isKnown ? findMountsOf(pid) : undefined;
  if (mounts !== undefined) return { pid, isMounted: mounts.some((entry) => entry.device === device) };
  return isMounted(device) ? { pid, isMounted: true } : undefined;
}

function inUse(path: Name, holder: Holder | undefined): UserError {
  const wait =
    holder === undefined
      ? 'its server has not ended, wait or end it'
      : `its mount is gone, but process ${String(holder.pid)} still writes, wait or end it`;
  return new UserError('in-use', `${nameToText(path)} is in use by another mount`, {
    hint: holder?.isMounted === true ? 'unmount that first, or choose other directories' : wait,
  });
}

function lockNow(path: Name): Lock | undefined {
  try {
    return tryLockApart(path);
  } catch (cause) {
    if (!(cause instanceof FsError)) throw cause;
    throw new UserError('no-permission', `${nameToText(path)} cannot be locked (${cause.code})`, {
      hint: 'it must be readable for the user who mounts',
      cause,
    });
  }
}
