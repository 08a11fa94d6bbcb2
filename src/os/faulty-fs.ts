/**
 * A `HostFs` for tests that stops working at a chosen call: the n-th one fails instead of being
 * performed, or the machine stops there. It is made from a table of all methods, so that a new
 * method of the interface cannot be forgotten, and it keeps the books: which calls were made, which
 * descriptors are open.
 */
import { fsError } from '../base/fs-error.ts';
import type { ErrnoCode } from '../base/errno.ts';
import type { Fd } from '../base/ids.ts';
import type { HostFs } from './host-fs.ts';

export type HostMethod = Exclude<keyof HostFs, 'stat'>;

/**
 * How a method answers: `opens` returns a descriptor, `safe` and `closes` cannot fail while the machine runs;
 * what `ends` a descriptor is performed and may fail nevertheless.
 */
type Kind = 'call' | 'later' | 'opens' | 'closes' | 'ends' | 'safe';

const kinds = {
  openat: 'opens',
  findOpenat: 'opens',
  openat2: 'opens',
  reopen: 'opens',
  close: 'closes',
  closeWritten: 'ends',
  closeApart: 'closes',
  statx: 'call',
  findStatx: 'call',
  findStatxApart: 'call',
  statfs: 'call',
  readlinkat: 'call',
  listDirectory: 'call',
  mkdirat: 'call',
  mknodat: 'call',
  symlinkat: 'call',
  linkat: 'call',
  unlinkat: 'call',
  findUnlinkat: 'call',
  renameat2: 'call',
  fchmodat: 'call',
  fchownat: 'call',
  utimensat: 'call',
  ftruncate: 'call',
  fallocate: 'call',
  lseek: 'call',
  findXattr: 'call',
  listXattrs: 'call',
  setXattr: 'call',
  removeXattr: 'call',
  findRemoveXattr: 'call',
  overlayMarks: 'call',
  getFlags: 'call',
  getFlagsAt: 'call',
  setFlags: 'call',
  findHandle: 'call',
  findOpenByHandle: 'opens',
  fsUuid: 'call',
  pread: 'call',
  pwrite: 'call',
  copyFileRange: 'call',
  assume: 'safe',
  assumeNone: 'safe',
  preadAsync: 'later',
  pwriteAsync: 'later',
  fsync: 'later',
  syncfs: 'later',
  ftruncateAsync: 'later',
  fallocateAsync: 'later',
  copyFileRangeAsync: 'later',
  copyData: 'later',
  copyDataSync: 'call',
} as const satisfies Record<HostMethod, Kind>;

/** All methods, in the order of the interface. */
export const hostMethods = Object.keys(kinds) as readonly HostMethod[];

/** The machine has stopped: no call is performed any more. Not an `FsError`; nothing may handle it as one. */
export class CrashError extends Error {
  override readonly name = 'CrashError';
}

/** What goes wrong, and when. */
export interface Fault {
  /** The call that it happens at, counted from 1 among those that match, from `arm` on. */
  readonly at: number;
  /** Fails once with this error; or, for `crash`, throws CrashError there and at every call after. */
  readonly with: ErrnoCode | 'crash';
  /** Which calls count; all unless told. */
  readonly matches?: (method: HostMethod, args: readonly unknown[]) => boolean;
}

export interface FaultyFs {
  readonly fs: HostFs;
  /** Method names of all calls since it was made, or since `arm`, refused ones too. */
  readonly calls: readonly HostMethod[];
  /** Descriptors that were opened through `fs` and not closed. */
  readonly open: ReadonlySet<Fd>;
  /** Whether the armed fault has happened. */
  readonly struck: boolean;
  /** Plans a fault, in the place of an earlier one; forgets `calls`. Without a fault all works again. */
  arm(fault?: Fault): void;
  /** Closes what is left open, as the kernel would at the end of the process. */
  closeAll(): void;
}

/** Wraps `real`. In fault mode `close`, `assume` and `assumeNone` are counted and never fail. */
export function createFaultyFs(real: HostFs): FaultyFs {
  const state = new FaultState(real);
  const fs: Record<string, unknown> = { stat: real.stat };
  for (const method of hostMethods) {
    fs[method] = (...args: unknown[]): unknown => state.call(method, args);
  }
  return {
    fs: fs as unknown as HostFs,
    get calls() {
      return state.calls;
    },
    open: state.open,
    get struck() {
      return state.struck;
    },
    arm: (fault) => {
      state.arm(fault);
    },
    closeAll: () => {
      for (const fd of state.open) real.close(fd);
      state.open.clear();
    },
  };
}

class FaultState {
  calls: HostMethod[] = [];
  struck = false;
  readonly open = new Set<Fd>();
  readonly #real: HostFs;
  #fault: Fault | undefined;
  #matched = 0;

  constructor(real: HostFs) {
    this.#real = real;
  }

  arm(fault: Fault | undefined): void {
    this.#fault = fault;
    this.#matched = 0;
    this.calls = [];
    this.struck = false;
  }

  call(method: HostMethod, args: readonly unknown[]): unknown {
    this.calls.push(method);
    const kind: Kind = kinds[method];
    const thrown = this.#fail(method, kind, args);
    if (thrown !== undefined && (kind !== 'ends' || thrown instanceof CrashError)) {
      if (kind === 'later') return Promise.reject(thrown);
      throw thrown;
    }
    const real = this.#real as unknown as Record<HostMethod, (...args: readonly unknown[]) => unknown>;
    const answer = real[method](...args);
    if (kind === 'opens' && answer !== undefined) this.open.add(answer as Fd);
    if (kind === 'closes' || kind === 'ends') this.open.delete(args[0] as Fd);
    if (thrown !== undefined) throw thrown;
    return answer;
  }

  #fail(method: HostMethod, kind: Kind, args: readonly unknown[]): Error | undefined {
    const fault = this.#fault;
    if (fault === undefined) return undefined;
    if (this.struck && fault.with === 'crash') return new CrashError(method);
    if (this.struck || fault.matches?.(method, args) === false) return undefined;
    this.#matched += 1;
    if (this.#matched !== fault.at) return undefined;
    this.struck = true;
    if (fault.with === 'crash') {
      // The identity dies with the process; the test's own must not keep it.
      this.#real.assumeNone();
      return new CrashError(method);
    }
    return kind === 'closes' || kind === 'safe' ? undefined : fsError(fault.with, { syscall: method });
  }
}
