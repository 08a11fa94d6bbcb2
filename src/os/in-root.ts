/**
 * Paths inside a directory that somebody else fills, an image or a running container: resolved by openat2 with
 * RESOLVE_IN_ROOT, so that no symbolic link and no `..` leads out of it, also while it is being changed. What is
 * found is a descriptor; a path made of it (`fdPath`) stays in the place that was found.
 */
import { closeSync, constants, openSync, readFileSync } from 'node:fs';
import { errno } from '../base/errno.ts';
import { FsError } from '../base/fs-error.ts';
import type { Fd } from '../base/ids.ts';
import { asName, nameFromText, nameToText, type Name } from '../base/name.ts';
import { getAddon } from './addon.ts';
import {
  O_CREAT,
  O_DIRECTORY,
  O_EXCL,
  O_PATH,
  O_RDONLY,
  O_WRONLY,
  RESOLVE_IN_ROOT,
  RESOLVE_NO_MAGICLINKS,
} from './constants.ts';

const inside = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;

/** A directory taken for `/`. `close` it. */
export class InRoot {
  readonly #root: number;

  /** Throws Node's system error where `root` is no directory. */
  constructor(root: string) {
    this.#root = openSync(root, O_PATH | constants.O_DIRECTORY);
  }

  close(): void {
    closeSync(this.#root);
  }

  /** Opens `path` with `flags`; the caller closes. Throws FsError. */
  open(path: Name, flags: number): Fd {
    const fd = this.#open(path, flags, 0);
    if (fd < 0) throw new FsError(-fd, { syscall: 'openat2', path: nameToText(path) });
    return fd as Fd;
  }

  /** The same; undefined where there is nothing (ENOENT, ENOTDIR). */
  findOpen(path: Name, flags: number): Fd | undefined {
    const fd = this.#open(path, flags, 0);
    if (fd === -errno.ENOENT || fd === -errno.ENOTDIR) return undefined;
    if (fd < 0) throw new FsError(-fd, { syscall: 'openat2', path: nameToText(path) });
    return fd as Fd;
  }

  /** A whole file as UTF-8; undefined where there is none. A FIFO or device is not read. */
  findText(path: string): string | undefined {
    const fd = this.findOpen(nameFromText(path), O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
    if (fd === undefined) return undefined;
    try {
      return readFileSync(fd, 'utf8');
    } finally {
      closeSync(fd);
    }
  }

  /**
   * The directory `path`, O_PATH, made with its parents (mode 0755) where it is missing; with the first name that
   * was missing, as it lies in the root. Throws FsError: EEXIST where something else is in the way.
   */
  makeDirectory(path: Name): { readonly directory: Fd; readonly made: string | undefined } {
    let made: string | undefined;
    let walked = '/';
    for (const part of path.split('/').filter((name) => name !== '' && name !== '.')) {
      const parent = this.open(asName(walked), O_PATH | O_DIRECTORY);
      try {
        const next = `${walked === '/' ? '' : walked}/${part}`;
        if (this.#isThere(next)) {
          walked = next;
          continue;
        }
        const done = getAddon().mkdirat(parent, part, 0o755);
        // Somebody else was first, or a symbolic link leads nowhere: the next open tells.
        if (done < 0 && done !== -errno.EEXIST)
          throw new FsError(-done, { syscall: 'mkdir', path: nameToText(next) });
        if (done >= 0) made ??= next;
        walked = next;
      } finally {
        closeSync(parent);
      }
    }
    return { directory: this.open(asName(walked), O_PATH | O_DIRECTORY), made };
  }

  /** Makes an empty file where there is nothing at `path`, whose parent exists. */
  makeFile(path: Name): boolean {
    const fd = this.#open(path, O_WRONLY | O_CREAT | O_EXCL, 0o755);
    if (fd === -errno.EEXIST) return false;
    if (fd < 0) throw new FsError(-fd, { syscall: 'openat2', path: nameToText(path) });
    closeSync(fd);
    return true;
  }

  #isThere(path: string): boolean {
    const fd = this.findOpen(asName(path), O_PATH);
    if (fd !== undefined) closeSync(fd);
    return fd !== undefined;
  }

  #open(path: string, flags: number, mode: number): number {
    return getAddon().openat2(this.#root, path === '/' ? '.' : path, flags, mode, inside);
  }
}

/** A path to what a descriptor of this process refers to, for calls that take paths; not for children. */
export function fdPath(fd: number): string {
  return `/proc/self/fd/${String(fd)}`;
}
