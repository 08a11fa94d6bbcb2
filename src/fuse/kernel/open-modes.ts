/**
 * How each open file is served: through the page cache of FUSE, or passed through to its backing file.
 * The kernel lets an inode be in one of the two only, with one backing file, so the opens of each node
 * are counted (fs/fuse/iomode.c). A node that is open in cached mode stays in it until its last close.
 *
 * The backing file of a node is one of the upper layer, or, where that is wanted, one of a lower layer, and
 * then no open of the node may write: the kernel would write to the backing file that it has.
 */
import { FsError, fsError } from '../../base/fs-error.ts';
import type { HandleId, NodeId } from '../../base/ids.ts';
import type { Log } from '../../base/log.ts';
import { openFlag } from '../../wire/flags.ts';
import { noTtl, shorterTtl, ttlFromMs, type Ttl } from '../../wire/ttl.ts';
import { Waiters } from './waiters.ts';

/** What the kernel does for passthrough. */
export interface Backing {
  backingOpen(fd: number): number;
  backingClose(id: number): void;
}

export interface Passed {
  /** Files of the upper layer. */
  readonly upper: boolean;
  /** Files of lower layers, for reading. Needs a caller that moves no data of such a node: see `relaxed.ts`. */
  readonly lower: boolean;
}

/** How to answer an open. */
export interface Opened {
  /** What goes into `fh`. */
  readonly fh: number;
  /** FOPEN_* */
  readonly flags: number;
  readonly backingId: number;
  /** Its attributes may change without a request from now on: what the kernel has of them must go. */
  readonly forgetsAttributes?: boolean;
}

/**
 * What FUSE_DEV_IOC_BACKING_OPEN would answer for the next file, too. ELOOP: the layer lies too deep in stacked file
 * systems. The others: not for us, or not here.
 */
const refusals: ReadonlySet<string> = new Set(['ELOOP', 'EPERM', 'ENOTTY', 'EOPNOTSUPP', 'ENOSYS']);

class NodeOpens {
  cached = 0;
  passthrough = 0;
  /** Of those passed through, how many may write by a mapping: that takes a file open for both. */
  mappers = 0;
  backingId = 0;
  /** The backing file is one of a lower layer. */
  fromLower = false;
  /** Opens and truncations under way that may move its data. */
  moving = 0;
  /** FUSE's own pages of it are older than its data. */
  stale = false;
  /** It may be mapped for writing though it is closed: a mapping belongs to the backing file. */
  mapped = false;
  /** Two ids lead to its file: what is done by one, the kernel does not know of the other. */
  shared = false;

  get isOpen(): boolean {
    return this.cached > 0 || this.passthrough > 0 || this.moving > 0;
  }
}

/** Unless somebody else changes the layers, what was told stays true. */
export const longTtl = ttlFromMs(86_400_000);
/** For what can change without a request: stores through a shared mapping. */
const shortTtl = ttlFromMs(1000);

const passedThrough = 1;
/** With `passedThrough`. */
const mayMap = 2;
/** Without it. */
const direct = 2;
const fhFactor = 4;

/** The same file, which went through the page cache of FUSE, without that. */
export function openedDirect(opened: Opened): Opened {
  return { ...opened, fh: opened.fh + direct, flags: openFlag.DIRECT_IO };
}

/** Whether `fh` is of such a file. */
export function isDirect(fh: number): boolean {
  return fh % fhFactor === direct;
}

export function handleOf(fh: number): HandleId {
  return Math.floor(fh / fhFactor) as HandleId;
}

export class OpenModes {
  /** Wait here for a node that is no longer passed through, or moving. */
  readonly changes = new Waiters();
  readonly #nodes = new Map<NodeId, NodeOpens>();
  readonly #backing: Backing;
  readonly #log: Log;
  /** For how long names hold, those that are absent among them, and attributes of what is not open. */
  readonly nameTtl: Ttl;
  readonly #mappedTtl: Ttl;
  #passes: Passed;

  /** Nothing that is told holds for longer than `trust`. */
  constructor(backing: Backing, log: Log, passes: Passed, trust = longTtl) {
    this.#backing = backing;
    this.#log = log;
    this.#passes = passes;
    this.nameTtl = trust;
    this.#mappedTtl = shorterTtl(trust, shortTtl);
  }

  /** From now on nothing is passed through that is not already. */
  disable(): void {
    this.#passes = { upper: false, lower: false };
  }

  /**
   * Opens `node`, which the client asked for. `descriptor` gives the real file. EBUSY for writing to a node
   * that is passed through to a lower layer.
   */
  enter(
    node: NodeId,
    file: { readonly id: HandleId; readonly upper: boolean },
    access: { readonly writes: boolean; readonly reads: boolean },
    descriptor: () => number,
  ): Opened {
    const base = file.id * fhFactor;
    const { upper, lower } = this.#passes;
    if (!upper && !lower && this.#nodes.size === 0) {
      return { fh: base, flags: openFlag.KEEP_CACHE, backingId: 0 };
    }
    const opens = this.#opensOf(node);
    if (opens.fromLower && access.writes) throw fsError('EBUSY');
    if (this.#canPass(opens, !file.upper, access.writes, descriptor)) {
      opens.passthrough += 1;
      if (access.writes) opens.stale = true;
      const maps = access.writes && access.reads;
      const forgetsAttributes = maps && opens.mappers === 0;
      if (maps) {
        opens.mappers += 1;
        opens.mapped = true;
      }
      const fh = base + passedThrough + (maps ? mayMap : 0);
      return { fh, flags: openFlag.PASSTHROUGH, backingId: opens.backingId, forgetsAttributes };
    }
    opens.cached += 1;
    const keep = !opens.stale && !opens.shared;
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
    this.#settle(node, opens);
  }

  /** Whether `node` is passed through to a file of a lower layer: its data must not move. */
  isFromLower(node: NodeId): boolean {
    return this.#nodes.get(node)?.fromLower === true;
  }

  isCached(node: NodeId): boolean {
    return (this.#nodes.get(node)?.cached ?? 0) > 0;
  }

  isMoving(node: NodeId): boolean {
    return (this.#nodes.get(node)?.moving ?? 0) > 0;
  }

  /**
   * Until the answer is called, the data of `node` may move: what opens it meanwhile is not passed through
   * to a lower layer.
   */
  moving(node: NodeId): () => void {
    const opens = this.#opensOf(node);
    opens.moving += 1;
    return () => {
      opens.moving -= 1;
      this.#settle(node, opens);
    };
  }

  /** `shared` is whether another id leads to the same file by now. */
  share(node: NodeId, shared: boolean): void {
    if (!shared && !this.#nodes.has(node)) return;
    const opens = this.#opensOf(node);
    opens.shared = shared;
    if (shared) opens.stale = true;
    this.#settle(node, opens);
  }

  /**
   * For how long the attributes of `node` hold. What write(2) changes through a backing file the kernel marks
   * as stale by itself (fs/fuse/passthrough.c, fuse_passthrough_end_write); stores through a mapping it does not.
   */
  attrTtl(node: NodeId): Ttl {
    const opens = this.#nodes.size === 0 ? undefined : this.#nodes.get(node);
    if (opens === undefined) return this.nameTtl;
    if (opens.mappers > 0 || opens.shared) return noTtl;
    return opens.mapped ? this.#mappedTtl : this.nameTtl;
  }

  /**
   * Whether write(2) may change `node` before the kernel hears what is said of it now. It knows what it has written
   * since it asked, but not since a reply was made ahead.
   */
  isWrittenUnasked(node: NodeId): boolean {
    const opens = this.#nodes.size === 0 ? undefined : this.#nodes.get(node);
    return opens !== undefined && opens.passthrough > 0 && opens.stale;
  }

  /** The node is known no more: the kernel has forgotten it, and released all that was open. */
  forgotten(node: NodeId): void {
    if (this.#nodes.size > 0) this.#nodes.delete(node);
  }

  #opensOf(node: NodeId): NodeOpens {
    let opens = this.#nodes.get(node);
    if (opens === undefined) this.#nodes.set(node, (opens = new NodeOpens()));
    return opens;
  }

  #canPass(opens: NodeOpens, isLower: boolean, writes: boolean, descriptor: () => number): boolean {
    if (opens.passthrough > 0) return true;
    if (opens.cached > 0) return false;
    if (isLower ? !this.#passes.lower || writes || opens.moving > 0 : !this.#passes.upper) return false;
    const fd = this.#find(descriptor);
    if (fd === undefined) return false;
    try {
      opens.backingId = this.#backing.backingOpen(fd);
      opens.fromLower = isLower;
      return true;
    } catch (thrown) {
      if (!(thrown instanceof FsError)) throw thrown;
      this.#log.debug(`no passthrough of one file: ${thrown.message}`);
      // One of many lower layers says nothing of the others.
      if (!isLower && refusals.has(thrown.code)) this.disable();
      return false;
    }
  }

  /** undefined for a file that cannot be opened as a backing file must be: an immutable one. */
  #find(descriptor: () => number): number | undefined {
    try {
      return descriptor();
    } catch (thrown) {
      if (!(thrown instanceof FsError)) throw thrown;
      this.#log.debug(`no passthrough of one file: ${thrown.message}`);
      return undefined;
    }
  }

  #close(opens: NodeOpens): void {
    this.#backing.backingClose(opens.backingId);
    opens.backingId = 0;
    opens.fromLower = false;
  }

  /** After something ended: forgets what need not be remembered, and wakes who waited for it. */
  #settle(node: NodeId, opens: NodeOpens): void {
    const keeps = opens.stale || opens.mapped || opens.shared;
    if (!opens.isOpen && !keeps) this.#nodes.delete(node);
    this.changes.wake(node);
  }
}
