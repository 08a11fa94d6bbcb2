/**
 * Real descriptors of file data: one for reading and one for writing per node, however often it is
 * open, the least recently used closed first. An open file of a client therefore costs no descriptor,
 * and after a copy-up everybody who has the file open reads the new data. Where modes bind the server, it
 * costs one: what a client has open stays open, as a chmod may have made it impossible to open it again.
 */
import { LRUCache } from 'lru-cache';
import { FsError, isFsError } from '../base/fs-error.ts';
import type { Fd } from '../base/ids.ts';
import { O_APPEND, O_NOFOLLOW, O_RDONLY, O_RDWR, O_WRONLY } from '../os/constants.ts';
import type { HostFs } from '../os/host-fs.ts';
import type { DirCache } from './dir-cache.ts';
import type { Node } from './node.ts';
import { noFd, type Place } from './real-dir.ts';

/** However many mounts share a process: enough for the files of one act. */
const fewest = 8;

export class DataFiles {
  readonly #fs: HostFs;
  readonly #dirs: DirCache;
  readonly #keepsOpen: boolean;
  readonly #open: LRUCache<Node, true>;
  readonly #limit: () => number;
  /** Nodes whose descriptors a job of the pool uses. */
  readonly #pinned = new Map<Node, number>();
  /** Nodes whose descriptor for writing cannot be read. */
  readonly #writeOnly = new WeakSet<Node>();
  /** Nodes that are open for a client, and were not used for long. */
  readonly #kept = new Set<Node>();
  /** Descriptors to close when their node is no longer pinned. */
  readonly #doomed = new Map<Node, Fd[]>();

  /** Descriptors of at most `max` nodes, or the part of them that `part` answers by then, and with `keepsOpen` of all that are open. */
  constructor(fs: HostFs, dirs: DirCache, max: number, keepsOpen = false, part: () => number = () => 1) {
    this.#fs = fs;
    this.#limit = () => Math.max(Math.min(fewest, max), Math.floor(max * part()));
    this.#dirs = dirs;
    this.#keepsOpen = keepsOpen;
    this.#open = new LRUCache<Node, true>({
      max,
      dispose: (_, node, reason) => {
        if (reason === 'evict' && keepsOpen && node.opens > 0) this.#kept.add(node);
        else this.#closeOf(node);
      },
    });
  }

  /** Closes what is too much by now. */
  fit(): void {
    while (this.#open.size > this.#limit()) this.#open.pop();
  }

  /** A descriptor to read the data of `node` from. Valid until the next call, or as long as it is pinned. */
  forReading(node: Node): Fd {
    this.#open.get(node);
    if (node.writeFd !== undefined && !this.#writeOnly.has(node)) return node.writeFd;
    if (node.readFd !== undefined) return node.readFd;
    const fd = this.#openPlace(node.data ?? node.place, O_RDONLY);
    node.readFd = fd;
    this.#note(node);
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
    this.#note(node);
    return node.writeFd;
  }

  /** Whether what `forWriting` answered cannot be read, and nothing else can. */
  isWriteOnly(node: Node): boolean {
    return node.readFd === undefined && this.#writeOnly.has(node);
  }

  /** A descriptor that is already open becomes the one for writing. */
  adoptForWriting(node: Node, fd: Fd): void {
    this.drop(node);
    node.writeFd = fd;
    this.#note(node);
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

  /** The node goes away, or nobody has it open any more. */
  drop(node: Node): void {
    if (!this.#open.delete(node)) this.#closeOf(node);
  }

  /** The data of `node` lies elsewhere now, and may be read there as it was before. */
  moved(node: Node): void {
    this.drop(node);
    if (!this.#keepsOpen || node.opens === 0) return;
    try {
      this.forReading(node);
    } catch (thrown) {
      // Whoever reads is told.
      if (!(thrown instanceof FsError)) throw thrown;
    }
  }

  close(): void {
    this.#open.clear();
    for (const node of this.#kept) this.#closeOf(node);
  }

  #note(node: Node): void {
    this.#open.set(node, true, { noDisposeOnSet: true });
    this.fit();
  }

  /** For both, unless only writing is permitted, or only at the end. */
  #openForWriting(node: Node, upper: Place): Fd {
    try {
      return this.#openPlace(upper, O_RDWR);
    } catch (thrown) {
      if (isFsError(thrown, 'EPERM')) {
        const fd = this.#openPlace(upper, O_RDWR | O_APPEND);
        node.appends = true;
        return fd;
      }
      if (!isFsError(thrown, 'EACCES')) throw thrown;
      const fd = this.#openPlace(upper, O_WRONLY);
      this.#writeOnly.add(node);
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
    this.#writeOnly.delete(node);
    this.#kept.delete(node);
    for (const fd of fds) {
      if (fd === undefined) continue;
      if (this.#pinned.has(node)) this.#doomed.set(node, [...(this.#doomed.get(node) ?? []), fd]);
      else this.#fs.close(fd);
    }
    node.appends = false;
  }
}
