/**
 * Real descriptors of file data: one for reading and one for writing per node, however often it is
 * open, the least recently used closed first. An open file of a client therefore costs no descriptor,
 * and after a copy-up everybody who has the file open reads the new data.
 */
import { LRUCache } from 'lru-cache';
import { isFsError } from '../base/fs-error.ts';
import type { Fd } from '../base/ids.ts';
import { O_APPEND, O_NOFOLLOW, O_RDONLY, O_RDWR } from '../os/constants.ts';
import type { HostFs } from '../os/host-fs.ts';
import type { DirCache } from './dir-cache.ts';
import type { Node } from './node.ts';
import { noFd, type Place } from './real-dir.ts';

export class DataFiles {
  readonly #fs: HostFs;
  readonly #dirs: DirCache;
  readonly #open: LRUCache<Node, true>;
  /** Nodes whose descriptors a job of the pool uses. */
  readonly #pinned = new Map<Node, number>();
  /** Descriptors to close when their node is no longer pinned. */
  readonly #doomed = new Map<Node, Fd[]>();

  /** Descriptors of at most `max` nodes. */
  constructor(fs: HostFs, dirs: DirCache, max: number) {
    this.#fs = fs;
    this.#dirs = dirs;
    this.#open = new LRUCache<Node, true>({
      max,
      dispose: (_, node) => {
        this.#closeOf(node);
      },
    });
  }

  /** A descriptor to read the data of `node` from. Valid until the next call, or as long as it is pinned. */
  forReading(node: Node): Fd {
    this.#open.get(node);
    if (node.writeFd !== undefined) return node.writeFd;
    if (node.readFd !== undefined) return node.readFd;
    const fd = this.#openPlace(node.data ?? node.place, O_RDONLY);
    node.readFd = fd;
    this.#open.set(node, true, { noDisposeOnSet: true });
    return fd;
  }

  /** A descriptor to sync `node`: any will do. */
  forSyncing(node: Node): Fd {
    try {
      return this.forReading(node);
    } catch (thrown) {
      if (!isFsError(thrown, 'EACCES')) throw thrown;
      return this.forWriting(node);
    }
  }

  /** A descriptor to write the data of `node`, which must be in the upper already. EPERM for an immutable file. */
  forWriting(node: Node): Fd {
    this.#open.get(node);
    if (node.writeFd !== undefined) return node.writeFd;
    if (node.upper === undefined) throw new Error('writing a file that was not copied up');
    node.writeFd = this.#openForWriting(node, node.upper);
    this.#open.set(node, true, { noDisposeOnSet: true });
    return node.writeFd;
  }

  /** A descriptor that is already open becomes the one for writing. */
  adoptForWriting(node: Node, fd: Fd): void {
    this.drop(node);
    node.writeFd = fd;
    this.#open.set(node, true, { noDisposeOnSet: true });
  }

  /** Keeps the descriptors of `node` open until `unpin`. */
  pin(node: Node): void {
    this.#pinned.set(node, (this.#pinned.get(node) ?? 0) + 1);
  }

  unpin(node: Node): void {
    const count = (this.#pinned.get(node) ?? 1) - 1;
    if (count > 0) {
      this.#pinned.set(node, count);
      return;
    }
    this.#pinned.delete(node);
    const doomed = this.#doomed.get(node);
    this.#doomed.delete(node);
    for (const fd of doomed ?? []) this.#fs.close(fd);
  }

  /** The data lies elsewhere now, or the node goes away. */
  drop(node: Node): void {
    if (!this.#open.delete(node)) this.#closeOf(node);
  }

  close(): void {
    this.#open.clear();
  }

  #openForWriting(node: Node, upper: Place): Fd {
    try {
      return this.#openPlace(upper, O_RDWR);
    } catch (thrown) {
      if (!isFsError(thrown, 'EPERM')) throw thrown;
      const fd = this.#openPlace(upper, O_RDWR | O_APPEND);
      node.appends = true;
      return fd;
    }
  }

  #openPlace(place: Place, access: number): Fd {
    if (place.fd !== noFd) return this.#fs.reopen(place.fd, access);
    return this.#fs.openat(this.#dirs.at(place), place.name, access | O_NOFOLLOW, 0);
  }

  #closeOf(node: Node): void {
    const fds = [node.readFd, node.writeFd];
    node.readFd = undefined;
    node.writeFd = undefined;
    for (const fd of fds) {
      if (fd === undefined) continue;
      if (this.#pinned.has(node)) this.#doomed.set(node, [...(this.#doomed.get(node) ?? []), fd]);
      else this.#fs.close(fd);
    }
    node.appends = false;
  }
}
