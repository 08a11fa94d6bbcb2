/**
 * Files of lower layers that are opened for reading again and again, as headers, modules and libraries are: opened once here,
 * and each further open is answered by the channel, alike, until something may make the answer another one. To
 * the file system they are open all that time.
 */
import type { NodeId } from '../../base/ids.ts';
import { maxRepeated, type FuseChannel, type OpenAnswer } from '../../os/fuse-channel.ts';

export class RepeatedOpens {
  readonly #channel: FuseChannel;
  readonly #release: (node: NodeId, fh: number) => void;
  /** What is open, in the order in which it was opened. */
  readonly #open = new Map<NodeId, number>();

  /** `release` is what becomes of a file that nobody has open any more. */
  constructor(channel: FuseChannel, release: (node: NodeId, fh: number) => void) {
    this.#channel = channel;
    this.#release = release;
  }

  /** An open of `node` for reading is answered so, which holds until `end`. */
  begin(node: NodeId, answer: OpenAnswer): void {
    if (this.#open.size >= maxRepeated) {
      const [oldest] = this.#open.keys();
      if (oldest !== undefined) this.end(oldest);
    }
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
}
