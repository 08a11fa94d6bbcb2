/**
 * Descriptors of real directories, the least recently used closed first: the union holds no
 * descriptor per directory, and opens a chain of names again where it must. A directory is opened one
 * component at a time and never through a symbolic link, so a layer cannot lead outside itself, and
 * no path is ever too long.
 */
import { LRUCache } from 'lru-cache';
import { isFsError } from '../base/fs-error.ts';
import type { Fd } from '../base/ids.ts';
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

const directoryFlags = O_DIRECTORY | O_NOFOLLOW;
const staysInside = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV;

export class DirCache {
  readonly #fs: HostFs;
  readonly #open: LRUCache<RealDir, Fd>;

  /** At most `max` descriptors. */
  constructor(fs: HostFs, max: number) {
    this.#fs = fs;
    this.#open = new LRUCache<RealDir, Fd>({
      max,
      dispose: (fd) => {
        fs.close(fd);
      },
    });
  }

  /** A descriptor of this directory (O_PATH where it cannot be read), valid until the next call or two. */
  fd(dir: RealDir): Fd {
    if (dir.fd !== noFd) return dir.fd;
    const known = this.#open.get(dir);
    if (known !== undefined) return known;
    const fd = this.#openDirectory(dir);
    this.#open.set(dir, fd);
    return fd;
  }

  /** The descriptor to which the name of this place is relative; the name is empty where it is the object itself. */
  at(place: Place): Fd {
    return place.dir === undefined ? place.fd : this.fd(place.dir);
  }

  /** Forgets the descriptor of a directory that goes away. */
  drop(dir: RealDir): void {
    this.#open.delete(dir);
  }

  close(): void {
    this.#open.clear();
  }

  #openDirectory(dir: RealDir): Fd {
    if (dir.dir === undefined) throw new Error('a directory without name or descriptor');
    const parent = this.fd(dir.dir);
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
