/**
 * What files have while data is written to them that the kernel kept back: a modification time, and capabilities. It tells
 * both itself, before the data, after it, or meanwhile, so the writing, which sets the one and takes the others away, must
 * change neither. Writes to one file overlap: the first of them finds what there is, and the last puts it back, or what was set
 * meanwhile.
 */
import { isFsError } from '../base/fs-error.ts';
import type { Fd } from '../base/ids.ts';
import { asName } from '../base/name.ts';
import { utimeOmit, type TimeSpec } from '../base/time-spec.ts';
import { st } from '../os/host-fs.ts';
import type { UnionCore } from './core.ts';
import type { Node } from './node.ts';
import { readCapability } from './xattrs.ts';

interface Facts {
  mtime: TimeSpec;
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

  /** The time of `node` was set. */
  setTime(node: Node, mtime: TimeSpec): void {
    const kept = this.#files.get(node);
    if (kept !== undefined) kept.mtime = mtime;
  }

  /** The capabilities of `node` were set, or taken away. */
  setCapability(node: Node, capability: Buffer | undefined): void {
    const kept = this.#files.get(node);
    if (kept !== undefined) kept.capability = capability;
  }
}

const itself = asName('');
const capabilityName = asName('security.capability');

/** Before the data of `node`, which `fd` has open for writing, changes. */
export function keepFacts(core: UnionCore, node: Node, fd: Fd): void {
  core.keptFacts.begin(node, () => {
    const capability = readCapability(core, node);
    core.fs.statx(fd, itself);
    const { stat } = core.fs;
    return { capability, mtime: { sec: stat[st.mtimeSec] ?? 0, nsec: stat[st.mtimeNsec] ?? 0 } };
  });
}

/** After that, whether it succeeded or not. Only an owner may set a time; the data has changed all the same. */
export function putBackFacts(core: UnionCore, node: Node, fd: Fd): void {
  const facts = core.keptFacts.end(node);
  if (facts === undefined) return;
  const { capability, mtime } = facts;
  unlessRefused(() => {
    if (capability !== undefined) core.fs.setXattr(fd, itself, capabilityName, capability, 0);
  });
  unlessRefused(() => {
    core.fs.utimensat(fd, itself, utimeOmit, mtime);
  });
}

function unlessRefused(act: () => void): void {
  try {
    act();
  } catch (thrown) {
    if (!isFsError(thrown, 'EPERM')) throw thrown;
  }
}
