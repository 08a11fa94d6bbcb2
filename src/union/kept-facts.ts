/**
 * What files have while data is written to them that the kernel kept back: capabilities, and, where it tells that, a modification
 * time. It tells them itself, before the data, after it, or meanwhile, so the writing, which takes the ones away and sets the
 * other, must change neither. Writes to one file overlap: the first of them finds what there is, and the last puts it back, or
 * what was set meanwhile.
 */
import { isFsError } from '../base/fs-error.ts';
import type { Fd } from '../base/ids.ts';
import { asName } from '../base/name.ts';
import { utimeOmit, type TimeSpec } from '../base/time-spec.ts';
import { capabilityName } from '../layer/saved-state.ts';
import { st } from '../os/host-fs.ts';
import type { UnionCore } from './core.ts';
import type { Node } from './node.ts';
import { readCapability } from './xattrs.ts';

export interface Facts {
  /** Undefined where the writing sets it. */
  mtime: TimeSpec | undefined;
  /** `security.capability`, as on disk. */
  capability: Buffer | undefined;
}

interface Kept extends Facts {
  /** How many are under way. */
  writes: number;
}

export class KeptFacts {
  readonly #files = new Map<Node, Kept>();

  /** A write to `node` begins. `read` tells what it has. */
  begin(node: Node, read: () => Facts): void {
    const kept = this.#files.get(node);
    if (kept === undefined) this.#files.set(node, { ...read(), writes: 1 });
    else kept.writes += 1;
  }

  /** A write to `node` has ended: what to put back, if it was the last. */
  end(node: Node): Facts | undefined {
    const kept = this.#files.get(node);
    if (kept === undefined) return undefined;
    kept.writes -= 1;
    if (kept.writes > 0) return undefined;
    this.#files.delete(node);
    return kept;
  }

  /** What `node` has, whatever is on the disk; undefined while nothing is written to it. */
  find(node: Node): Facts | undefined {
    return this.#files.get(node);
  }

  /** The time of `node` was set. */
  setTime(node: Node, mtime: TimeSpec): void {
    const kept = this.#files.get(node);
    if (kept?.mtime !== undefined) kept.mtime = mtime;
  }

  /** The capabilities of `node` were set, or taken away. */
  setCapability(node: Node, capability: Buffer | undefined): void {
    const kept = this.#files.get(node);
    if (kept !== undefined) kept.capability = capability;
  }
}

const itself = asName('');

/** Before the data of `node`, which `fd` has open for writing, changes. `time`: also its modification time. */
export function keepFacts(core: UnionCore, node: Node, fd: Fd, time: boolean): void {
  core.keptFacts.begin(node, () => {
    const capability = readCapability(core, node);
    return { capability, mtime: time ? findTime(core, fd) : undefined };
  });
}

function findTime(core: UnionCore, fd: Fd): TimeSpec {
  core.fs.statx(fd, itself);
  const { stat } = core.fs;
  return { sec: stat[st.mtimeSec] ?? 0, nsec: stat[st.mtimeNsec] ?? 0 };
}

/** After that, whether it succeeded or not. Only an owner may set a time; the data has changed all the same. */
export function putBackFacts(core: UnionCore, node: Node, fd: Fd): void {
  const facts = core.keptFacts.end(node);
  if (facts === undefined) return;
  const { capability, mtime } = facts;
  try {
    if (capability !== undefined) {
      unlessRefused(() => {
        core.fs.setXattr(fd, itself, capabilityName, capability, 0);
      });
    }
  } finally {
    if (mtime !== undefined) {
      unlessRefused(() => {
        core.fs.utimensat(fd, itself, utimeOmit, mtime);
      });
    }
  }
}

function unlessRefused(act: () => void): void {
  try {
    act();
  } catch (thrown) {
    if (!isFsError(thrown, 'EPERM')) throw thrown;
  }
}
