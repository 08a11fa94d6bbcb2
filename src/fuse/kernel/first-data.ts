/**
 * The data that a client will ask for first, given to the kernel before it asks. Whoever opens a file of a lower
 * layer mostly reads it from the start, and then has its data in the page cache, for a round trip less; and who
 * opens files in the order in which they became known, as whoever copies or searches a tree, has that of the next
 * one before it is opened.
 *
 * Only for a file that nobody has open: the kernel locks the pages that it stores, and would wait for ever for one
 * that waits for a reply of ours (fs/fuse/dev.c, fuse_notify_store). Only of lower layers, whose data nobody
 * can have written; and only what a layer has in memory: nobody waits for a disk.
 */
import { O_ACCMODE, O_DIRECT, O_RDONLY, O_TRUNC } from '../../os/constants.ts';
import type { NodeId } from '../../base/ids.ts';
import type { FuseChannel } from '../../os/fuse-channel.ts';
import type { FileSystem } from '../../vfs/file-system.ts';
import { notifyStore, storeDataOffset } from '../../wire/notify.ts';
import type { IdleWork } from './idle-work.ts';

/** Of a larger file so much of its start: a program that maps a library reads elsewhere next. */
const most = 64 * 1024;
/** So many nodes are remembered; then all are forgotten, and some are given their data twice. */
const maxGiven = 32_768;
/** So many opens in a row of nodes that follow each other are an order; in between there are directories and links. */
const enough = 3;
const maxGap = 8;

export interface FirstDataParts {
  readonly fs: FileSystem;
  readonly channel: FuseChannel;
  readonly idle: IdleWork;
}

export class FirstData {
  readonly #fs: FileSystem;
  readonly #channel: FuseChannel;
  readonly #idle: IdleWork;
  readonly #message = Buffer.allocUnsafeSlow(storeDataOffset + most);
  readonly #given = new Set<NodeId>();
  #last = 0;
  /** How many opens followed each other. */
  #run = 0;

  constructor({ fs, channel, idle }: FirstDataParts) {
    this.#fs = fs;
    this.#channel = channel;
    this.#idle = idle;
  }

  /** `node` is about to be opened with `flags`. */
  opening(node: NodeId, flags: number): void {
    if ((flags & (O_ACCMODE | O_TRUNC | O_DIRECT)) !== O_RDONLY) return;
    const gap = node - this.#last;
    this.#last = node;
    this.#run = gap > 0 && gap <= maxGap ? this.#run + 1 : 0;
    this.#give(node);
    if (this.#run >= enough) {
      this.#idle.add(() => {
        this.#giveNext(node);
      });
    }
  }

  forgotten(node: NodeId): void {
    this.#given.delete(node);
  }

  #giveNext(node: NodeId): void {
    for (let next = node + 1; next <= node + maxGap; next++) {
      if (this.#given.has(next as NodeId) || this.#give(next as NodeId)) return;
    }
  }

  /** Whether there was something to give. */
  #give(node: NodeId): boolean {
    if (this.#given.has(node)) return false;
    const count = this.#fs.firstData(node, this.#message, storeDataOffset, most);
    if (count === 0) return false;
    if (this.#given.size >= maxGiven) this.#given.clear();
    this.#given.add(node);
    this.#channel.send(this.#message, notifyStore(this.#message, node, count));
    return true;
  }
}
