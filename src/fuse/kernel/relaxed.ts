/**
 * `coherence=relaxed`: files of lower layers are passed through too. While one is, every open for writing of
 * its node would fail in the kernel (EIO), and its data must not move to the upper layer under the same id:
 * so the file is renewed, its names lead to a new node, and the kernel looks them up again. What was open
 * keeps the old data. Where there is no name to look up (/proc/self/fd/N, a file that is mounted somewhere,
 * one without any name) the request waits for the old opens to end, and is EBUSY if they do not.
 */
import { fsError, type FsError } from '../../base/fs-error.ts';
import type { NodeId } from '../../base/ids.ts';
import { O_ACCMODE, O_RDONLY, O_TRUNC, O_WRONLY } from '../../os/constants.ts';
import type { Caller, FileSystem, Later, OpenFile, SetAttr } from '../../vfs/file-system.ts';
import { openFlag } from '../../wire/flags.ts';
import type { Opened, OpenModes } from './open-modes.ts';
import { unseenThread, type Renewals } from './renewals.ts';
import { Patience } from './waiters.ts';

/** How long a request waits for others to close a file, in all. */
const waitMs = 1000;

/** An OPEN. */
export interface Opening {
  readonly caller: Caller;
  readonly node: NodeId;
  readonly flags: number;
  /** Opens it with the engine. */
  readonly open: () => Later<OpenFile>;
  /** Decides how it is served; gives the file back if that fails. */
  readonly enter: (file: OpenFile) => Opened;
}

/** A SETATTR with a size. */
export interface Resizing {
  readonly caller: Caller;
  readonly node: NodeId;
  readonly change: SetAttr;
  /** It came by an open file: no path is walked. */
  readonly hasHandle: boolean;
}

export class Relaxed {
  readonly #fs: FileSystem;
  readonly #modes: OpenModes;
  readonly #renewals: Renewals;

  constructor(fs: FileSystem, modes: OpenModes, renewals: Renewals) {
    this.#fs = fs;
    this.#modes = modes;
    this.#renewals = renewals;
  }

  /** ESTALE where the path has to be walked again; EBUSY, EINTR. */
  open(opening: Opening): Later<Opened> {
    return this.#open(opening, new Patience(opening.caller.unique, waitMs));
  }

  /** The same errors. */
  resize(resizing: Resizing): Later<void> {
    return this.#resize(resizing, new Patience(resizing.caller.unique, waitMs));
  }

  /** A thread has made a file by the name that it came with. */
  created(caller: Caller): void {
    this.#renewals.arrived(caller.pid);
  }

  /** The kernel has forgotten `node`. */
  forgotten(node: NodeId): void {
    this.#renewals.forgotten(node);
  }

  /** Nothing is served any more. */
  stop(): void {
    this.#renewals.stop();
  }

  #open(opening: Opening, patience: Patience): Later<Opened> {
    const { node, caller } = opening;
    const writes = movesData(opening.flags);
    if (this.#fs.current(node) !== node) return this.#openRelic(opening, writes, patience);
    if (writes && this.#modes.isFromLower(node)) return this.#openHeld(opening, patience);
    const opened = writes ? this.#whileMoving([node], opening.open, opening.enter) : openAt(opening);
    this.#renewals.arrived(caller.pid);
    return opened;
  }

  #resize(resizing: Resizing, patience: Patience): Later<void> {
    const { caller, node, change } = resizing;
    if (this.#fs.current(node) !== node) return this.#resizeRelic(resizing, patience);
    if (this.#modes.isFromLower(node)) return this.#resizeHeld(resizing, patience);
    const done = this.#whileMoving([node], () => this.#fs.setattr(caller, node, change), nothing);
    this.#renewals.arrived(caller.pid);
    return done;
  }

  /** A current node that is passed through to a lower layer. */
  async #openHeld(opening: Opening, patience: Patience): Promise<Opened> {
    const { node, caller, flags } = opening;
    if (!(await this.#moveOn(node, caller, empties(flags)))) await this.#untilFree(node, caller, patience);
    return this.#open(opening, patience);
  }

  async #resizeHeld(resizing: Resizing, patience: Patience): Promise<void> {
    const { node, caller, change } = resizing;
    if (!(await this.#moveOn(node, caller, change.size === 0))) await this.#untilFree(node, caller, patience);
    return this.#resize(resizing, patience);
  }

  /**
   * Renews the file of `node`, current and passed through to a lower layer; false where that cannot be. Its data
   * is in the upper layer before, unless it is going to be thrown away by this very thread: a reader who comes by
   * the new id before the writer does would hold it up again, and the writer must not hear ESTALE twice.
   */
  async #moveOn(node: NodeId, caller: Caller, isEmptied: boolean): Promise<boolean> {
    if (isEmptied && caller.pid !== unseenThread) return this.#renewals.renew(node, caller.pid);
    if (!this.#renewals.isRenewable(node)) return false;
    const file = await this.#fs.open(caller, node, O_WRONLY);
    this.#fs.release(file.id);
    // By now somebody else may have done it, or the readers may have gone.
    if (this.#fs.current(node) !== node || !this.#modes.isFromLower(node)) return true;
    return this.#renewals.renew(node);
  }

  async #openRelic(opening: Opening, writes: boolean, patience: Patience): Promise<Opened> {
    const { node, caller } = opening;
    await this.#mayTell(node, caller);
    if (writes) return this.#writeRelic(opening, patience);
    while (this.#modes.isMoving(node)) await this.#change(node, patience, caller);
    const file = await opening.open();
    const opened = opening.enter(file);
    if (file.nodeId !== node || (opened.flags & openFlag.PASSTHROUGH) !== 0) return opened;
    // Old data among cached pages of the new: rather not at all.
    this.#modes.leave(node, opened.fh);
    this.#fs.release(file.id);
    throw busy(caller);
  }

  /** The file as it is now, though it was asked for by its old id. */
  async #writeRelic(opening: Opening, patience: Patience): Promise<Opened> {
    const { node, caller, flags } = opening;
    const means = { isEmptied: empties(flags), isOpened: true };
    const target = await this.#freeTarget(node, caller, patience, means);
    return this.#whileMoving([node, target], opening.open, (file) => {
      if (!this.#modes.isCached(target)) return opening.enter(file);
      this.#fs.release(file.id);
      throw busy(caller);
    });
  }

  async #resizeRelic({ caller, node, change, hasHandle }: Resizing, patience: Patience): Promise<void> {
    if (!hasHandle) await this.#mayTell(node, caller);
    const means = { isEmptied: change.size === 0, isOpened: false };
    const target = await this.#freeTarget(node, caller, patience, means);
    return this.#whileMoving([target], () => this.#fs.setattr(caller, node, change), nothing);
  }

  /** ESTALE for who has not heard it yet, once others see that `node` is an old id, or has lost its names. */
  async #mayTell(node: NodeId, caller: Caller): Promise<void> {
    if (!this.#renewals.tell(node, caller.pid)) return;
    await this.#renewals.announced(node);
    throw fsError('ESTALE');
  }

  /**
   * The current id of the file of `node`, an old one, once its data may move: neither is passed through to a
   * lower layer, and, to be opened by the old id, the current one is not in cached mode, which would not see what
   * is written there.
   */
  async #freeTarget(
    node: NodeId,
    caller: Caller,
    patience: Patience,
    { isEmptied, isOpened }: { readonly isEmptied: boolean; readonly isOpened: boolean },
  ): Promise<NodeId> {
    for (;;) {
      const target = this.#fs.current(node);
      if (isOpened && this.#modes.isFromLower(node)) {
        await this.#change(node, patience, caller);
      } else if (this.#modes.isFromLower(target)) {
        if (await this.#moveOn(target, caller, isEmptied)) continue;
        await this.#change(target, patience, caller);
      } else if (isOpened && this.#modes.isCached(target)) {
        await this.#change(target, patience, caller);
      } else {
        return target;
      }
    }
  }

  /** For a current node that cannot be renewed. */
  async #untilFree(node: NodeId, caller: Caller, patience: Patience): Promise<void> {
    if (this.#renewals.isNameless(node)) await this.#mayTell(node, caller);
    while (this.#modes.isFromLower(node)) await this.#change(node, patience);
  }

  /** Waits for a change of `node`. */
  async #change(node: NodeId, patience: Patience, caller?: Caller): Promise<void> {
    if (!(await this.#modes.changes.next(node, patience))) throw busy(caller);
  }

  /** Moves data of `nodes` by `act`, if at all, and takes what comes of it with `use`. */
  #whileMoving<A, B>(nodes: readonly NodeId[], act: () => Later<A>, use: (value: A) => B): Later<B> {
    const acting = act();
    if (!(acting instanceof Promise)) return use(acting);
    const ends = nodes.map((node) => this.#modes.moving(node));
    return acting.then(use).finally(() => {
      for (const end of ends) end();
    });
  }
}

/** Opens it with no more ado. */
function openAt(opening: Opening): Later<Opened> {
  const file = opening.open();
  return file instanceof Promise ? file.then(opening.enter) : opening.enter(file);
}

/**
 * EBUSY, but ESTALE for `caller` who came by an old id and may be one that has not heard it yet: with a path to walk
 * it gets there, without one it fails either way.
 */
function busy(caller?: Caller): FsError {
  return fsError(caller?.pid === unseenThread ? 'ESTALE' : 'EBUSY');
}

function nothing(): void {
  return undefined;
}

function empties(flags: number): boolean {
  return (flags & O_TRUNC) !== 0;
}

/** Whether an open with these flags needs the data in the upper layer, or away. */
function movesData(flags: number): boolean {
  return (flags & O_ACCMODE) !== O_RDONLY || empties(flags);
}
