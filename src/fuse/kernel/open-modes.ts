/**
 * How each open file is served: through the page cache of FUSE, or passed through to its backing file.
 * The kernel lets an inode be in one of the two only, with one backing file, so the opens of each node
 * are counted (fs/fuse/iomode.c). A node that is open in cached mode stays in it until its last close.
 */
import { FsError } from '../../base/fs-error.ts';
import type { HandleId, NodeId } from '../../base/ids.ts';
import type { Log } from '../../base/log.ts';
import { openFlag } from '../../wire/flags.ts';
import { noTtl, ttlFromMs, type Ttl } from '../../wire/ttl.ts';

/** What the kernel does for passthrough. */
export interface Backing {
  backingOpen(fd: number): number;
  backingClose(id: number): void;
}

/** How to answer an open. */
export interface Opened {
  /** What goes into `fh`. */
  readonly fh: number;
  /** FOPEN_* */
  readonly flags: number;
  readonly backingId: number;
}

class NodeOpens {
  cached = 0;
  passthrough = 0;
  /** Of those passed through, how many may write by a mapping: that takes a file open for both. */
  mappers = 0;
  backingId = 0;
  /** FUSE's own pages of it are older than its data. */
  stale = false;
  /** It may be mapped for writing though it is closed: a mapping belongs to the backing file. */
  mapped = false;
}

/** Nobody else changes the layers, so what was told stays true. */
export const longTtl = ttlFromMs(86_400_000);
/** For what can change without a request: stores through a shared mapping. */
const shortTtl = ttlFromMs(1000);

const passedThrough = 1;
const mayMap = 2;
const fhFactor = 4;

export function handleOf(fh: number): HandleId {
  return Math.floor(fh / fhFactor) as HandleId;
}

export class OpenModes {
  readonly #nodes = new Map<NodeId, NodeOpens>();
  readonly #backing: Backing;
  readonly #log: Log;
  #enabled: boolean;

  constructor(backing: Backing, log: Log, enabled: boolean) {
    this.#backing = backing;
    this.#log = log;
    this.#enabled = enabled;
  }

  /** From now on nothing is passed through that is not already. */
  disable(): void {
    this.#enabled = false;
  }

  /** `descriptor` gives the real file, if its data is where it may be passed through from. */
  enter(
    file: { readonly id: HandleId; readonly nodeId: NodeId; readonly upper: boolean },
    access: { readonly writes: boolean; readonly reads: boolean },
    descriptor: () => number,
  ): Opened {
    const base = file.id * fhFactor;
    if (!this.#enabled && this.#nodes.size === 0)
      return { fh: base, flags: openFlag.KEEP_CACHE, backingId: 0 };
    const opens = this.#opensOf(file.nodeId);
    if (file.upper && this.#canPass(opens, descriptor)) {
      opens.passthrough += 1;
      if (access.writes) {
        opens.stale = true;
        if (access.reads) {
          opens.mappers += 1;
          opens.mapped = true;
        }
      }
      const fh = base + passedThrough + (access.writes && access.reads ? mayMap : 0);
      return { fh, flags: openFlag.PASSTHROUGH, backingId: opens.backingId };
    }
    opens.cached += 1;
    const keep = !opens.stale;
    opens.stale = false;
    return { fh: base, flags: keep ? openFlag.KEEP_CACHE : 0, backingId: 0 };
  }

  /** The open file `fh` of `node` was released. */
  leave(node: NodeId, fh: number): void {
    const opens = this.#nodes.get(node);
    if (opens === undefined) return;
    const kind = fh % fhFactor;
    if ((kind & passedThrough) === 0) {
      opens.cached -= 1;
    } else {
      opens.passthrough -= 1;
      if ((kind & mayMap) !== 0) opens.mappers -= 1;
      if (opens.passthrough === 0) this.#close(opens);
    }
    if (opens.cached === 0 && opens.passthrough === 0 && !opens.stale && !opens.mapped)
      this.#nodes.delete(node);
  }

  /**
   * For how long the attributes of `node` hold. What write(2) changes through a backing file the kernel marks
   * as stale by itself (fs/fuse/passthrough.c, fuse_passthrough_end_write); stores through a mapping it does not.
   */
  attrTtl(node: NodeId): Ttl {
    const opens = this.#nodes.size === 0 ? undefined : this.#nodes.get(node);
    if (opens === undefined) return longTtl;
    if (opens.mappers > 0) return noTtl;
    return opens.mapped ? shortTtl : longTtl;
  }

  /** The kernel has forgotten the node. */
  forgotten(node: NodeId): void {
    if (this.#nodes.size > 0) this.#nodes.delete(node);
  }

  #opensOf(node: NodeId): NodeOpens {
    let opens = this.#nodes.get(node);
    if (opens === undefined) this.#nodes.set(node, (opens = new NodeOpens()));
    return opens;
  }

  #canPass(opens: NodeOpens, descriptor: () => number): boolean {
    if (opens.passthrough > 0) return true;
    if (!this.#enabled || opens.cached > 0) return false;
    try {
      opens.backingId = this.#backing.backingOpen(descriptor());
      return true;
    } catch (thrown) {
      if (!(thrown instanceof FsError)) throw thrown;
      // ELOOP: the layer lies too deep in stacked file systems. EPERM, ENOTTY: not for us, or not here.
      this.#log.debug(`no passthrough: ${thrown.message}`);
      this.disable();
      return false;
    }
  }

  #close(opens: NodeOpens): void {
    this.#backing.backingClose(opens.backingId);
    opens.backingId = 0;
  }
}
