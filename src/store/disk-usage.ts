/**
 * What lies on the disk, as du(1) counts it: blocks, each file once however many names it has, nothing of what is
 * mounted there.
 */
import type { Fd } from '../base/ids.ts';
import { asName, nameFromText, type Name } from '../base/name.ts';
import {
  AT_FDCWD,
  DT_DIR,
  DT_UNKNOWN,
  O_DIRECTORY,
  O_NOFOLLOW,
  O_PATH,
  O_RDONLY,
  RESOLVE_NO_XDEV,
  S_IFDIR,
  S_IFMT,
} from '../os/constants.ts';
import { blockBytes, st, type HostFs } from '../os/host-fs.ts';
import { isErrno } from './durable.ts';
import { createToolFs } from './tool-fs.ts';

const self = asName('');

interface OpenDirectory {
  readonly fd: Fd;
  readonly device: number;
  readonly entries: Iterator<readonly [number, Name], undefined>;
  readonly types: ArrayLike<number>;
}

/** Sums up trees; a file with names in several of them is counted in the first. */
export class DiskUsage {
  readonly #fs: HostFs = createToolFs();
  readonly #seen = new Set<string>();

  /** Bytes of the tree at `path`, itself included; 0 where nothing is. */
  of(path: string): number {
    const fs = this.#fs;
    let fd: Fd;
    try {
      fd = fs.openat(AT_FDCWD as Fd, nameFromText(path), O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
    } catch (thrown) {
      if (isErrno(thrown, 'ENOENT')) return 0;
      if (isErrno(thrown, 'ENOTDIR')) return this.#add(AT_FDCWD as Fd, nameFromText(path)).bytes;
      throw thrown;
    }
    try {
      const { bytes, device } = this.#add(fd, self);
      return bytes + this.#inside(fd, device);
    } finally {
      fs.close(fd);
    }
  }

  /** Of a tree of any depth. */
  #inside(top: Fd, device: number): number {
    const fs = this.#fs;
    const open: OpenDirectory[] = [this.#list(top, device)];
    let sum = 0;
    try {
      for (let dir = open.at(-1); dir !== undefined; dir = open.at(-1)) {
        const { value: entry } = dir.entries.next();
        if (entry === undefined) {
          open.pop();
          if (dir.fd !== top) fs.close(dir.fd);
          continue;
        }
        const [index, name] = entry;
        const type = dir.types[index];
        const added = this.#add(dir.fd, name);
        if (added.device !== dir.device && !this.#isSubvolume(dir.fd, name)) continue;
        sum += added.bytes;
        const isDirectory = type === DT_DIR || (type === DT_UNKNOWN && added.isDirectory);
        if (!isDirectory) continue;
        const inner = fs.findOpenat(dir.fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
        if (inner !== undefined) open.push(this.#list(inner, added.device));
      }
      return sum;
    } finally {
      for (const { fd } of open) if (fd !== top) fs.close(fd);
    }
  }

  #list(fd: Fd, device: number): OpenDirectory {
    const { names, types } = this.#fs.listDirectory(fd);
    return { fd, device, types, entries: names.entries() };
  }

  /** Of btrfs: it has a st_dev of its own, as what is mounted has, and is a directory of the same mount. */
  #isSubvolume(dir: Fd, name: Name): boolean {
    const flags = O_PATH | O_DIRECTORY | O_NOFOLLOW;
    try {
      this.#fs.close(this.#fs.openat2(dir, name, flags, 0, RESOLVE_NO_XDEV));
      return true;
    } catch (thrown) {
      if (isErrno(thrown, 'EXDEV', 'ENOTDIR', 'ENOENT', 'ELOOP')) return false;
      throw thrown;
    }
  }

  #add(dir: Fd, name: Name): { bytes: number; device: number; isDirectory: boolean } {
    const { stat } = this.#fs;
    if (!this.#fs.findStatx(dir, name)) return { bytes: 0, device: -1, isDirectory: false };
    const device = stat[st.dev] ?? 0;
    const isDirectory = ((stat[st.mode] ?? 0) & S_IFMT) === S_IFDIR;
    const bytes = (stat[st.blocks] ?? 0) * blockBytes;
    if (isDirectory || stat[st.nlink] === 1) return { bytes, device, isDirectory };
    const key = `${String(device)}:${String(stat[st.ino])}`;
    if (this.#seen.has(key)) return { bytes: 0, device, isDirectory };
    this.#seen.add(key);
    return { bytes, device, isDirectory };
  }
}

/** Of one tree. */
export function diskUsageOf(path: string): number {
  return new DiskUsage().of(path);
}
