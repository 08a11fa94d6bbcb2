/**
 * Files of lower layers that are opened for reading again and again, as headers, modules and libraries are: opened once here,
 * and each further open is answered by the channel, alike, until something may make the answer another one. To
 * the file system they are open all that time.
 */
import type { NodeId } from '../../base/ids.ts';
import { maxRepeated, type FuseChannel, type OpenAnswer } from '../../os/fuse-channel.ts';

/** Of how many files it is asked, for one more, whether they are in use. */
const mostAsked = 16;

export class RepeatedOpens {
  readonly #channel: FuseChannel;
  readonly #release: (node: NodeId, fh: number) => void;
  /** What is open, in the order in which it was opened, or last seen in use. */
  readonly #open = new Map<NodeId, number>();

  /** `release` is what becomes of a file that nobody has open any more. */
  constructor(channel: FuseChannel, release: (node: NodeId, fh: number) => void) {
    this.#channel = channel;
    this.#release = release;
  }

  /** An open of `node` for reading is answered so, which holds until `end`. */
  begin(node: NodeId, answer: OpenAnswer): void {
    if (this.#open.size >= maxRepeated) this.#makeRoom();
    if (this.#channel.repeatOpen(node, answer)) this.#open.set(node, answer.fh);
  }

  /** The next open of `node` is to be asked for. */
  end(node: NodeId): void {
    if (this.#open.size === 0) return;
    const fh = this.#open.get(node);
    if (fh === undefined) return;
    this.#open.delete(node);
    if (this.#channel.endRepeat(node)) this.#release(node, fh);
  }

  endAll(): void {
    for (const node of [...this.#open.keys()]) this.end(node);
  }

  /** The oldest that nobody has open ends. Those in use, as a library is that runs, count as new: ended, they would take a place all the same. */
  #makeRoom(): void {
    let asked = 0;
    for (const [node, fh] of this.#open) {
      this.#open.delete(node);
      if (this.#channel.endUnusedRepeat(node)) {
        this.#release(node, fh);
        return;
      }
      this.#open.set(node, fh);
      if (++asked === mostAsked) return;
    }
  }
}
