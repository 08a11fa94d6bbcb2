/**
 * What was moved into the work directory and is nobody's any more: a directory full of whiteouts, say, which no
 * client waits for. It is removed a piece at a time, the first one at once, and the event loop serves requests in between.
 * What is left when the mount ends goes with the rest of the work directory.
 */
import { FsError } from '../base/fs-error.ts';
import type { Fd } from '../base/ids.ts';
import type { Log } from '../base/log.ts';
import type { Name } from '../base/name.ts';
import { removingTree, type Removal } from '../layer/remove-tree.ts';
import type { HostFs } from '../os/host-fs.ts';

/** Two milliseconds, about. */
const namesPerPiece = 256;

/** Runs `removal` to its end; other work of the event loop is done in between. */
export async function removeInPieces(removal: Removal): Promise<void> {
  for (;;) {
    for (let count = 0; count < namesPerPiece; count += 1) if (removal.next().done === true) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

export class Discards {
  readonly #fs: HostFs;
  readonly #log: Log;
  readonly #work: () => Fd;
  /** Names that wait, and how many of them have had their turn. */
  #waiting: Name[] = [];
  #next = 0;
  /** The one that is being removed. */
  #removal: Removal | undefined;
  #turn: NodeJS.Immediate | undefined;

  /** `work` answers the work directory. */
  constructor(fs: HostFs, log: Log, work: () => Fd) {
    this.#fs = fs;
    this.#log = log;
    this.#work = work;
  }

  /** `name` of the work directory is going to be removed, whatever it is. */
  add(name: Name): void {
    this.#waiting.push(name);
    if (this.#turn === undefined) this.#goOn();
  }

  /** Leaves what is left. */
  stop(): void {
    if (this.#turn !== undefined) clearImmediate(this.#turn);
    this.#turn = undefined;
    this.#waiting = [];
    this.#next = 0;
    this.#removal?.return();
    this.#removal = undefined;
  }

  #goOn(): void {
    this.#turn = undefined;
    if (this.#removePiece()) return;
    this.#turn = setImmediate(() => {
      try {
        this.#goOn();
      } catch (thrown) {
        this.#log.fault('clearing the work directory', thrown);
        this.stop();
      }
    });
  }

  /** Whether nothing is left. */
  #removePiece(): boolean {
    for (let count = 0; count < namesPerPiece; count += 1) {
      this.#removal ??= this.#begin();
      if (this.#removal === undefined) return true;
      if (this.#isDone(this.#removal)) this.#removal = undefined;
    }
    return false;
  }

  #begin(): Removal | undefined {
    const name = this.#waiting[this.#next];
    if (name === undefined) {
      this.#waiting = [];
      this.#next = 0;
      return undefined;
    }
    this.#next += 1;
    return removingTree(this.#fs, this.#work(), name);
  }

  /** It may fail; what it was done for has not. */
  #isDone(removal: Removal): boolean {
    try {
      return removal.next().done === true;
    } catch (thrown) {
      if (!(thrown instanceof FsError)) throw thrown;
      this.#log.debug(`left undone: ${thrown.message}`);
      return true;
    }
  }
}
