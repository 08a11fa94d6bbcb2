/**
 * Modification times of files while data is written to them that the kernel kept back. It tells that time itself,
 * before the data, after it, or meanwhile, so the writing must leave none of its own. Writes to one file overlap: the
 * first of them finds the time, and the last puts it back, or the one that was set meanwhile.
 */
import { isFsError } from '../base/fs-error.ts';
import type { Fd } from '../base/ids.ts';
import { asName } from '../base/name.ts';
import { utimeOmit, type TimeSpec } from '../base/time-spec.ts';
import { st } from '../os/host-fs.ts';
import type { UnionCore } from './core.ts';
import type { Node } from './node.ts';

interface Kept {
  mtime: TimeSpec;
  /** How many are under way. */
  writes: number;
}

export class KeptTimes {
  readonly #files = new Map<Node, Kept>();

  /** A write to `node` begins. `read` tells the time that it has. */
  begin(node: Node, read: () => TimeSpec): void {
    const kept = this.#files.get(node);
    if (kept === undefined) this.#files.set(node, { mtime: read(), writes: 1 });
    else kept.writes += 1;
  }

  /** A write to `node` has ended: the time to put back, if it was the last. */
  end(node: Node): TimeSpec | undefined {
    const kept = this.#files.get(node);
    if (kept === undefined) return undefined;
    kept.writes -= 1;
    if (kept.writes > 0) return undefined;
    this.#files.delete(node);
    return kept.mtime;
  }

  /** The time of `node` was set. */
  set(node: Node, mtime: TimeSpec): void {
    const kept = this.#files.get(node);
    if (kept !== undefined) kept.mtime = mtime;
  }
}

const itself = asName('');

/** Before the data of `node`, which `fd` has open for writing, changes. */
export function keepTime(core: UnionCore, node: Node, fd: Fd): void {
  core.keptTimes.begin(node, () => {
    core.fs.statx(fd, itself);
    const { stat } = core.fs;
    return { sec: stat[st.mtimeSec] ?? 0, nsec: stat[st.mtimeNsec] ?? 0 };
  });
}

/** After that, whether it succeeded or not. Only an owner may set it; the data has changed all the same. */
export function putBackTime(core: UnionCore, node: Node, fd: Fd): void {
  const mtime = core.keptTimes.end(node);
  if (mtime === undefined) return;
  try {
    core.fs.utimensat(fd, itself, utimeOmit, mtime);
  } catch (thrown) {
    if (!isFsError(thrown, 'EPERM')) throw thrown;
  }
}
