/**
 * Descriptors of real directories, the least recently used closed first: the union holds no
 * descriptor per directory, and opens a chain of names again where it must. A directory is opened one
 * component at a time and never through a symbolic link, so a layer cannot lead outside itself, and
 * no path is ever too long.
 *
 * An act may hold several descriptors while it asks for more, and its number must not become that of another
 * directory meanwhile: what has to go is closed by a microtask, when the act has come to its end, or to an `await`.
 */
import { LRUCache } from 'lru-cache';
import { fsError, isFsError } from '../base/fs-error.ts';
import type { Fd } from '../base/ids.ts';
import { asName } from '../base/name.ts';
import {
  O_DIRECTORY,
  O_NOFOLLOW,
  O_PATH,
  O_RDONLY,
  RESOLVE_BENEATH,
  RESOLVE_NO_SYMLINKS,
  RESOLVE_NO_XDEV,
} from '../os/constants.ts';
import type { HostFs } from '../os/host-fs.ts';
import { noFd, type Place, type RealDir } from './real-dir.ts';

const here = asName('.');
const directoryFlags = O_DIRECTORY | O_NOFOLLOW;
/** However many mounts share a process: enough for the directories of one act. */
const fewest = 16;
const staysInside = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV;

export class DirCache {
  readonly #fs: HostFs;
  readonly #open: LRUCache<RealDir, Fd>;
  readonly #limit: () => number;
  /** Gone from the cache, and to be closed. */
  #leaving: Fd[] = [];
  /** Opened on the way to a directory: nobody else has had it yet. */
  readonly #passing = new Set<Fd>();

  /** At most `max` descriptors, or the part of them that `part` answers by then, and those that had to go since the act began. */
  constructor(fs: HostFs, max: number, part: () => number = () => 1) {
    this.#fs = fs;
    this.#limit = () => Math.max(Math.min(fewest, max), Math.floor(max * part()));
    this.#open = new LRUCache<RealDir, Fd>({
      max,
      dispose: (fd) => {
        this.#leave(fd);
      },
    });
  }

  /**
   * A descriptor of this directory (O_PATH where it cannot be read), valid until whoever asks has returned to
   * the event loop or awaits something. EXDEV where something is mounted on it.
   */
  fd(dir: RealDir): Fd {
    if (dir.isCovered) throw fsError('EXDEV');
    if (dir.fd !== noFd) return dir.fd;
    return this.#open.get(dir) ?? this.#openChain(dir);
  }

  /** The descriptor to which the name of this place is relative; the name is empty where it is the object itself. */
  at(place: Place): Fd {
    return place.dir === undefined ? place.fd : this.fd(place.dir);
  }

  /**
   * Another descriptor of this directory, for reading, which belongs to whoever asks. EXDEV where something is mounted on
   * it. EACCES where it may not be read. By ".", since what is above it may be closed, or by its name, since it may itself not be searched.
   */
  openAnew(dir: RealDir): Fd {
    if (dir.isCovered) throw fsError('EXDEV');
    try {
      return this.#fs.openat(this.fd(dir), here, O_RDONLY | O_DIRECTORY, 0);
    } catch (thrown) {
      if (dir.dir === undefined || !isFsError(thrown, 'EACCES')) throw thrown;
      return this.#openOne(dir, this.fd(dir.dir), O_RDONLY);
    }
  }

  /** Closes what is too much by now. */
  fit(): void {
    while (this.#open.size > this.#limit()) this.#open.pop();
  }

  /** Forgets the descriptor of a directory that goes away. */
  drop(dir: RealDir): void {
    this.#open.delete(dir);
  }

  close(): void {
    this.#open.clear();
    this.#closeLeaving();
  }

  #leave(fd: Fd): void {
    if (this.#passing.has(fd)) {
      this.#fs.close(fd);
      return;
    }
    if (this.#leaving.length === 0) {
      queueMicrotask(() => {
        try {
          this.#closeLeaving();
        } catch {
          // No request is there to be told, and a descriptor is gone after close(2) whatever it answers.
        }
      });
    }
    this.#leaving.push(fd);
  }

  #closeLeaving(): void {
    const leaving = this.#leaving;
    this.#leaving = [];
    for (const fd of leaving) this.#fs.close(fd);
  }

  /** Opens a directory, and before it those above it that are not open: however deep, without recursion. */
  #openChain(dir: RealDir): Fd {
    const chain: RealDir[] = [];
    let fd: Fd | undefined;
    for (let above: RealDir | undefined = dir; fd === undefined; above = above.dir) {
      if (above === undefined) throw new Error('a directory without name or descriptor');
      fd = above.fd === noFd ? this.#open.get(above) : above.fd;
      if (fd === undefined) chain.push(above);
    }
    try {
      for (let next = chain.pop(); next !== undefined; next = chain.pop()) {
        fd = this.#openDirectory(next, fd);
        this.#passing.add(fd);
        this.#open.set(next, fd);
        this.fit();
      }
    } finally {
      this.#passing.clear();
    }
    return fd;
  }

  #openDirectory(dir: RealDir, parent: Fd): Fd {
    try {
      return this.#openOne(dir, parent, O_RDONLY);
    } catch (thrown) {
      if (!isFsError(thrown, 'EACCES')) throw thrown;
      return this.#openOne(dir, parent, O_PATH);
    }
  }

  #openOne(dir: RealDir, parent: Fd, access: number): Fd {
    return dir.layer.detached
      ? this.#fs.openat(parent, dir.name, access | directoryFlags, 0)
      : this.#fs.openat2(parent, dir.name, access | directoryFlags, 0, staysInside);
  }
}
