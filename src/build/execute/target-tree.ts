/**
 * The root directory that a step changes, usually a mounted union. Paths are resolved inside it (RESOLVE_IN_ROOT),
 * whatever links an image has; nothing outside is ever reached.
 */
import { isFsError } from '../../base/fs-error.ts';
import type { Fd } from '../../base/ids.ts';
import { asName, nameFromText, nameToText, type Name } from '../../base/name.ts';
import { UserError } from '../../base/user-error.ts';
import {
  AT_FDCWD,
  O_CREAT,
  O_DIRECTORY,
  O_NONBLOCK,
  O_PATH,
  O_RDONLY,
  O_WRONLY,
  RESOLVE_IN_ROOT,
  RESOLVE_NO_MAGICLINKS,
} from '../../os/constants.ts';
import type { HostFs } from '../../os/host-fs.ts';

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

export const rootOwner: Owner = { uid: 0, gid: 0 };

const inside = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;

export class TargetTree {
  readonly #fs: HostFs;
  readonly #root: Fd;

  /** `directory` is taken for `/`; `close` lets go of it. */
  constructor(fs: HostFs, directory: string) {
    this.#fs = fs;
    this.#root = fs.openat(AT_FDCWD as Fd, nameFromText(directory), O_PATH | O_DIRECTORY, 0);
  }

  close(): void {
    this.#fs.close(this.#root);
  }

  /** An O_PATH descriptor of a directory, for the caller to close; undefined where there is none. */
  findDirectory(path: Name): Fd | undefined {
    try {
      return this.#open(path, O_PATH | O_DIRECTORY);
    } catch (error) {
      if (isFsError(error, 'ENOENT') || isFsError(error, 'ENOTDIR')) return undefined;
      throw error;
    }
  }

  isDirectory(path: Name): boolean {
    const fd = this.findDirectory(path);
    if (fd !== undefined) this.#fs.close(fd);
    return fd !== undefined;
  }

  /** Whether something is at `path`; a link at its end is followed. */
  exists(path: Name): boolean {
    try {
      this.#fs.close(this.#open(path, O_PATH));
      return true;
    } catch (error) {
      if (isFsError(error, 'ENOENT') || isFsError(error, 'ENOTDIR')) return false;
      throw error;
    }
  }

  /** Makes an empty file, and the directories above it, where nothing is; a link that leads nowhere is followed. */
  makeFile(path: Name): void {
    const parent = asName(path.slice(0, path.lastIndexOf('/')));
    this.#fs.close(this.makeDirectory(parent, rootOwner).directory);
    this.#fs.close(this.#fs.openat2(this.#root, path, O_WRONLY | O_CREAT, 0o644, inside));
  }

  /**
   * The directory at an absolute path, made with its parents where it is missing (mode 0755, `owner`); the caller
   * closes. `isNew` where it was made. UserError `not-a-directory` where something else is in the way.
   */
  makeDirectory(path: Name, owner: Owner): { readonly directory: Fd; readonly isNew: boolean } {
    let isNew = false;
    let walked = '';
    let directory = this.#open(asName('.'), O_PATH | O_DIRECTORY);
    for (const part of path.split('/').filter((name) => name !== '' && name !== '.')) {
      walked += `/${part}`;
      let next = this.findDirectory(asName(walked));
      isNew = next === undefined;
      try {
        if (next === undefined) {
          this.#makeIn(directory, asName(part), owner);
          next = this.#open(asName(walked), O_PATH | O_DIRECTORY);
        }
      } catch (error) {
        if (!isFsError(error, 'EEXIST') && !isFsError(error, 'ENOTDIR')) throw error;
        throw new UserError('not-a-directory', `${nameToText(walked)} is there and is no directory`, {
          hint: 'choose another destination, or remove it in a RUN before',
          cause: error,
        });
      } finally {
        this.#fs.close(directory);
      }
      directory = next;
    }
    return { directory, isNew };
  }

  /** A whole file as text; undefined where there is none. Devices and pipes are not waited for. */
  findText(path: string): string | undefined {
    let fd: Fd;
    try {
      fd = this.#open(nameFromText(path), O_RDONLY | O_NONBLOCK);
    } catch (error) {
      if (isFsError(error, 'ENOENT') || isFsError(error, 'ENOTDIR')) return undefined;
      throw error;
    }
    try {
      return readAll(this.#fs, fd).toString('utf8');
    } finally {
      this.#fs.close(fd);
    }
  }

  #makeIn(directory: Fd, name: Name, { uid, gid }: Owner): void {
    this.#fs.mkdirat(directory, name, 0o755);
    this.#fs.fchmodat(directory, name, 0o755);
    this.#fs.fchownat(directory, name, uid, gid);
  }

  #open(path: Name, flags: number): Fd {
    return this.#fs.openat2(this.#root, path === '' ? asName('.') : path, flags, 0, inside);
  }
}

function readAll(fs: HostFs, fd: Fd): Buffer {
  const chunks: Buffer[] = [];
  for (let position = 0; ;) {
    const chunk = Buffer.allocUnsafe(65536);
    const size = fs.pread(fd, chunk, 0, chunk.length, position, false);
    if (size === 0) return Buffer.concat(chunks);
    chunks.push(chunk.subarray(0, size));
    position += size;
  }
}
