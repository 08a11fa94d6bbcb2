/**
 * Paths inside a directory that somebody else fills, an image, a build context or a running container: resolved by
 * openat2 with RESOLVE_IN_ROOT, so that no symbolic link and no `..` leads out of it, also while it is being changed.
 * What is found is a descriptor; a path made of it (`fdPath`) stays in the place that was found.
 */
import { readSync } from 'node:fs';
import { fsError, isFsError } from '../base/fs-error.ts';
import type { Fd } from '../base/ids.ts';
import { asName, nameFromText, nameToText, type Name } from '../base/name.ts';
import { UserError } from '../base/user-error.ts';
import {
  AT_FDCWD,
  O_CREAT,
  O_DIRECTORY,
  O_EXCL,
  O_NOFOLLOW,
  O_NOCTTY,
  O_NONBLOCK,
  O_PATH,
  O_RDONLY,
  O_WRONLY,
  RESOLVE_IN_ROOT,
  RESOLVE_NO_MAGICLINKS,
  S_IFLNK,
  S_IFMT,
  S_IFREG,
} from './constants.ts';
import { st, type HostFs } from './host-fs.ts';
import { RealFs } from './real-fs.ts';

const inside = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
/** As many as the kernel follows (path_resolution(7)). */
const linksMax = 40;
/** Of a file that is read whole. */
const textSizeMax = 16 << 20;

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

export const rootOwner: Owner = { uid: 0, gid: 0 };

/** A directory taken for `/`. `close` it. Errors are FsErrors. */
export class InRoot {
  readonly #fs: HostFs = new RealFs({ keepsUmask: true });
  readonly #root: Fd;

  constructor(root: string) {
    this.#root = this.#fs.openat(AT_FDCWD as Fd, nameFromText(root), O_PATH | O_DIRECTORY, 0);
  }

  close(): void {
    this.#fs.close(this.#root);
  }

  /** Opens `path` with `flags`; the caller closes. */
  open(path: Name, flags: number): Fd {
    return this.#open(path, flags, 0);
  }

  /** The same; undefined where there is nothing (ENOENT, ENOTDIR). */
  findOpen(path: Name, flags: number): Fd | undefined {
    try {
      return this.#open(path, flags, 0);
    } catch (thrown) {
      if (isFsError(thrown, 'ENOENT') || isFsError(thrown, 'ENOTDIR')) return undefined;
      throw thrown;
    }
  }

  /** An O_PATH descriptor of a directory, for the caller to close; undefined where there is none. */
  findDirectory(path: Name): Fd | undefined {
    return this.findOpen(path, O_PATH | O_DIRECTORY);
  }

  isDirectory(path: Name): boolean {
    return this.#isThere(path, O_PATH | O_DIRECTORY);
  }

  /** Whether something is at `path`; a link at its end is followed. */
  exists(path: Name): boolean {
    return this.#isThere(path, O_PATH);
  }

  /**
   * Whether a link of /proc that only the kernel can follow is what keeps `path` from being found (ELOOP): the mere
   * RESOLVE_IN_ROOT refuses those otherwise (EXDEV), or follows them.
   */
  isBehindMagicLink(path: Name): boolean {
    try {
      this.#fs.close(this.#fs.openat2(this.#root, path, O_PATH, 0, RESOLVE_IN_ROOT));
      return true;
    } catch (thrown) {
      return isFsError(thrown, 'EXDEV');
    }
  }

  /**
   * Where `path` leads when the links at its end are followed, whether anything is there or not: what a mount, or
   * open(2) with O_CREAT, would take. ELOOP.
   */
  endOf(path: Name): Name {
    let end = path;
    for (let links = 0; links <= linksMax; links++) {
      const target = this.#findLink(end);
      if (target === undefined) return end;
      end = target.startsWith('/') ? target : asName(`${end.slice(0, end.lastIndexOf('/'))}/${target}`);
    }
    throw fsError('ELOOP', { syscall: 'openat2', path: nameToText(path) });
  }

  /**
   * A whole file as UTF-8; undefined where there is none. UserError `not-a-file` for anything but a regular file, which is
   * not opened: it may be a device of which a read has no end, or which does something. UserError `file-too-large`.
   */
  findText(path: string): string | undefined {
    const fd = this.findOpen(nameFromText(path), O_PATH);
    if (fd === undefined) return undefined;
    try {
      if (this.#typeOf(fd) !== S_IFREG)
        throw new UserError('not-a-file', `${path} is no regular file there, and nothing else is read`, {
          hint: 'put a file in its place, or remove it',
        });
      return this.#readText(fd, path);
    } finally {
      this.#fs.close(fd);
    }
  }

  /** Its size says nothing of how much comes: of a file of /proc that is mounted there, without an end even. */
  #readText(object: Fd, path: string): string {
    const fd = this.#fs.reopen(object, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    try {
      const chunks: Buffer[] = [];
      for (let size = 0; size <= textSizeMax;) {
        const chunk = Buffer.allocUnsafe(1 << 16);
        const count = readSync(fd, chunk, 0, chunk.length, null);
        if (count === 0) return Buffer.concat(chunks, size).toString('utf8');
        chunks.push(chunk.subarray(0, count));
        size += count;
      }
    } finally {
      this.#fs.close(fd);
    }
    throw new UserError('file-too-large', `${path} has more than 16 MiB there, and is not read`, {
      hint: 'make it smaller, or remove it',
    });
  }

  /**
   * The directory `path`, O_PATH, made with its parents (`owner`, mode 0755 whatever the umask) where it is missing, also
   * where a link leads to what is missing; with the first name that was missing, as it lies in the root. EEXIST, ENOENT or
   * ENOTDIR, with its path, where something else is in the way; ELOOP.
   */
  makeDirectory(
    path: Name,
    owner: Owner = rootOwner,
  ): { readonly directory: Fd; readonly made: Name | undefined } {
    const made = this.#makeAll(path, owner, 0);
    return { directory: this.open(path, O_PATH | O_DIRECTORY), made };
  }

  /** `links`: how many led here. */
  #makeAll(path: Name, owner: Owner, links: number): Name | undefined {
    // Whoever changes the root meanwhile could lead on for ever.
    if (links > linksMax) throw fsError('ELOOP', { syscall: 'openat2', path: nameToText(path) });
    let made: Name | undefined;
    let walked = asName('/');
    for (const part of path.split('/').filter((name) => name !== '' && name !== '.')) {
      const next = asName(`${walked === '/' ? '' : walked}/${part}`);
      if (!this.exists(next)) {
        const end = this.endOf(next);
        if (end !== next) made ??= this.#makeAll(end, owner, links + 1);
        else if (this.#makeIn(walked, asName(part), owner)) made ??= next;
      }
      walked = next;
    }
    return made;
  }

  /** Makes an empty file where there is nothing at `path`, whose parent exists. */
  makeFile(path: Name): boolean {
    try {
      this.#fs.close(this.#open(path, O_WRONLY | O_CREAT | O_EXCL, 0o755));
      return true;
    } catch (thrown) {
      if (isFsError(thrown, 'EEXIST')) return false;
      throw thrown;
    }
  }

  /** False where something is there: somebody else was first. The next open tells. */
  #makeIn(path: Name, name: Name, { uid, gid }: Owner): boolean {
    const directory = this.open(path, O_PATH | O_DIRECTORY);
    try {
      this.#fs.mkdirat(directory, name, 0o755);
      this.#fs.fchmodat(directory, name, 0o755);
      this.#fs.fchownat(directory, name, uid, gid);
      return true;
    } catch (thrown) {
      if (isFsError(thrown, 'EEXIST')) return false;
      throw thrown;
    } finally {
      this.#fs.close(directory);
    }
  }

  #findLink(path: Name): Name | undefined {
    const fd = this.findOpen(path, O_PATH | O_NOFOLLOW);
    if (fd === undefined) return undefined;
    try {
      return this.#typeOf(fd) === S_IFLNK ? this.#fs.readlinkat(fd, asName('')) : undefined;
    } finally {
      this.#fs.close(fd);
    }
  }

  #typeOf(fd: Fd): number {
    this.#fs.statx(fd, asName(''));
    return (this.#fs.stat[st.mode] ?? 0) & S_IFMT;
  }

  #isThere(path: Name, flags: number): boolean {
    const fd = this.findOpen(path, flags);
    if (fd !== undefined) this.#fs.close(fd);
    return fd !== undefined;
  }

  #open(path: Name, flags: number, mode: number): Fd {
    return this.#fs.openat2(this.#root, path === '' ? asName('.') : path, flags, mode, inside);
  }
}

/** A path to what a descriptor of this process refers to, for calls that take paths; not for children. */
export function fdPath(fd: number): string {
  return `/proc/self/fd/${String(fd)}`;
}
