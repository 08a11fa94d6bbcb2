/**
 * `HostFs` on the real system: each method is one call of the addon and the translation of its
 * answer. It decides nothing. Making one sets the umask of the process to 0, which a file server
 * wants (the umask of each client comes with `assume`) and which nothing else in the process may
 * rely on; a tool, which sets modes itself, keeps the one that it has.
 */
import { errno } from '../base/errno.ts';
import { FsError } from '../base/fs-error.ts';
import type { Fd } from '../base/ids.ts';
import { nameToText, type Name } from '../base/name.ts';
import type { TimeSpec } from '../base/time-spec.ts';
import { copyCloned, getAddon, type NativeAddon } from './addon.ts';
import {
  blockBytes,
  givenBackAtOnce,
  type Cancel,
  type CopyResult,
  type FileHandle,
  type HostFs,
  type RawListing,
} from './host-fs.ts';

const {
  EAGAIN,
  EBADF,
  EINTR,
  ENODATA,
  ENOENT,
  ENOSYS,
  ENOTDIR,
  ENOTTY,
  EOPNOTSUPP,
  EOVERFLOW,
  EPERM,
  ESTALE,
} = errno;
/** MAX_HANDLE_SZ of name_to_handle_at(2). */
const maxHandleSize = 128;

/** Throws what `answer` says where it is an errno; `path` is bytes. */
function fail(answer: number, syscall: string, path?: string): never {
  throw new FsError(-answer, path === undefined ? { syscall } : { syscall, path: nameToText(path) });
}

function check(answer: number, syscall: string, path?: string): number {
  if (answer < 0) fail(answer, syscall, path);
  return answer;
}

/** false where there is nothing of that name. */
function isFound(answer: number, syscall: string, path: string): boolean {
  if (answer === 0) return true;
  return answer === -ENOENT || answer === -ENOTDIR ? false : fail(answer, syscall, path);
}

async function checkLater(answer: Promise<number>, syscall: string): Promise<number> {
  return check(await answer, syscall);
}

function copyResult(answer: number): CopyResult {
  if (answer === copyCloned) return { copied: 0, cloned: true };
  return { copied: check(answer, 'copy_file_range'), cloned: false };
}

/** Of which each keeps a descriptor, and the space of a file. */
const closingMax = 32;

export class RealFs implements HostFs {
  readonly stat: Float64Array;
  readonly #native: NativeAddon;
  readonly #handle = Buffer.alloc(maxHandleSize);
  /** How many descriptors the pool is closing. */
  #closing = 0;

  /** `keepsUmask`: for a tool, which never calls `assume`. Throws UserError `addon-missing`. */
  constructor({ keepsUmask = false } = {}) {
    this.#native = getAddon();
    this.stat = this.#native.stat;
    if (!keepsUmask) this.#native.assumeNone();
  }

  openat(dir: Fd, path: Name, flags: number, mode: number): Fd {
    return check(this.#native.openat(dir, path, flags, mode), 'openat', path) as Fd;
  }

  findOpenat(dir: Fd, path: Name, flags: number): Fd | undefined {
    const fd = this.#native.openat(dir, path, flags, 0);
    if (fd >= 0) return fd as Fd;
    return fd === -ENOENT || fd === -ENOTDIR ? undefined : fail(fd, 'openat', path);
  }

  openat2(dir: Fd, path: Name, flags: number, mode: number, resolve: number): Fd {
    return check(this.#native.openat2(dir, path, flags, mode, resolve), 'openat2', path) as Fd;
  }

  reopen(fd: Fd, flags: number): Fd {
    return check(this.#native.reopen(fd, flags), 'open') as Fd;
  }

  close(fd: Fd): void {
    if (this.#native.close(fd) === -EBADF) fail(-EBADF, 'close');
  }

  closeApart(fd: Fd): void {
    if (this.#closing >= closingMax) {
      this.close(fd);
      return;
    }
    const answer = this.#native.closeApart(fd, givenBackAtOnce / blockBytes);
    if (typeof answer !== 'number') void this.#closed(fd, answer);
    else if (answer === -EBADF) fail(-EBADF, 'close');
  }

  async #closed(fd: Fd, closing: Promise<number>): Promise<void> {
    this.#closing += 1;
    // No thread could be started.
    if ((await closing) === -EAGAIN) this.#native.close(fd);
    this.#closing -= 1;
  }

  closeWritten(fd: Fd): void {
    const answer = this.#native.close(fd);
    if (answer !== -EINTR) check(answer, 'close');
  }

  statx(dir: Fd, name: Name, block?: Buffer, offset?: number): void {
    check(this.#native.statx(dir, name, block, offset), 'statx', name);
  }

  findStatx(dir: Fd, name: Name, block?: Buffer, offset?: number): boolean {
    return isFound(this.#native.statx(dir, name, block, offset), 'statx', name);
  }

  findStatxApart(dir: Fd, name: Name, block?: Buffer, offset?: number): boolean {
    return isFound(this.#native.statxApart(dir, name, block, offset), 'statx', name);
  }

  statfs(fd: Fd, block: Buffer, offset: number): void {
    check(this.#native.statfs(fd, block, offset), 'fstatfs');
  }

  readlinkat(dir: Fd, name: Name): Name {
    const target = this.#native.readlinkat(dir, name);
    return typeof target === 'number' ? fail(target, 'readlinkat', name) : (target as Name);
  }

  listDirectory(fd: Fd): RawListing {
    const listing = this.#native.listDirectory(fd);
    return typeof listing === 'number' ? fail(listing, 'getdents64') : (listing as RawListing);
  }

  mkdirat(dir: Fd, name: Name, mode: number): void {
    check(this.#native.mkdirat(dir, name, mode), 'mkdirat', name);
  }

  mknodat(dir: Fd, name: Name, mode: number, rdev: number): void {
    check(this.#native.mknodat(dir, name, mode, rdev), 'mknodat', name);
  }

  symlinkat(target: Name, dir: Fd, name: Name): void {
    check(this.#native.symlinkat(target, dir, name), 'symlinkat', name);
  }

  linkat(oldDir: Fd, oldName: Name, newDir: Fd, newName: Name): void {
    check(this.#native.linkat(oldDir, oldName, newDir, newName), 'linkat', newName);
  }

  unlinkat(dir: Fd, name: Name, flags: number): void {
    check(this.#native.unlinkat(dir, name, flags), 'unlinkat', name);
  }

  findUnlinkat(dir: Fd, name: Name, flags: number): boolean {
    const answer = this.#native.unlinkat(dir, name, flags);
    if (answer === 0) return true;
    return answer === -ENOENT ? false : fail(answer, 'unlinkat', name);
  }

  renameat2(oldDir: Fd, oldName: Name, newDir: Fd, newName: Name, flags: number): void {
    check(this.#native.renameat2(oldDir, oldName, newDir, newName, flags), 'renameat2', newName);
  }

  fchmodat(dir: Fd, name: Name, mode: number): void {
    check(this.#native.fchmodat(dir, name, mode), 'fchmodat2', name);
  }

  fchownat(dir: Fd, name: Name, uid: number, gid: number): void {
    check(this.#native.fchownat(dir, name, uid, gid), 'fchownat', name);
  }

  utimensat(dir: Fd, name: Name, atime: TimeSpec, mtime: TimeSpec): void {
    check(this.#native.utimensat(dir, name, atime.sec, atime.nsec, mtime.sec, mtime.nsec), 'utimensat', name);
  }

  ftruncate(fd: Fd, size: number): void {
    check(this.#native.ftruncate(fd, size), 'ftruncate');
  }

  fallocate(fd: Fd, mode: number, offset: number, length: number): void {
    check(this.#native.fallocate(fd, mode, offset, length), 'fallocate');
  }

  lseek(fd: Fd, offset: number, whence: number): number {
    return check(this.#native.lseek(fd, offset, whence), 'lseek');
  }

  findXattr(dir: Fd, name: Name, attribute: Name): Buffer | undefined {
    const value = this.#native.getxattr(dir, name, attribute);
    if (typeof value !== 'number') return value;
    return value === -ENODATA || value === -EOPNOTSUPP ? undefined : fail(value, 'getxattr', name);
  }

  listXattrs(dir: Fd, name: Name): Name[] {
    const names = this.#native.listxattr(dir, name);
    if (typeof names === 'number') return names === -EOPNOTSUPP ? [] : fail(names, 'listxattr', name);
    return names === '' ? [] : (names.slice(0, -1).split('\0') as Name[]);
  }

  setXattr(dir: Fd, name: Name, attribute: Name, value: Uint8Array, flags: number): void {
    check(this.#native.setxattr(dir, name, attribute, value, flags), 'setxattr', name);
  }

  removeXattr(dir: Fd, name: Name, attribute: Name): void {
    check(this.#native.removexattr(dir, name, attribute), 'removexattr', name);
  }

  findRemoveXattr(dir: Fd, name: Name, attribute: Name): boolean {
    const answer = this.#native.removexattr(dir, name, attribute);
    if (answer === 0) return true;
    return answer === -ENODATA || answer === -EOPNOTSUPP ? false : fail(answer, 'removexattr', name);
  }

  overlayMarks(dir: Fd, name: Name, prefix: Name): number {
    const marks = this.#native.overlayMarks(dir, name, prefix);
    return marks === -EOPNOTSUPP ? 0 : check(marks, 'listxattr', name);
  }

  getFlags(fd: Fd): number {
    return check(this.#native.getFlags(fd), 'ioctl');
  }

  getFlagsAt(dir: Fd, name: Name): number {
    return check(this.#native.getFlagsAt(dir, name), 'file_getattr', name);
  }

  setFlags(fd: Fd, flags: number): void {
    check(this.#native.setFlags(fd, flags), 'ioctl');
  }

  findHandle(dir: Fd, name: Name): FileHandle | undefined {
    const answer = this.#native.nameToHandle(dir, name, this.#handle);
    if (answer === -EOPNOTSUPP || answer === -EOVERFLOW) return undefined;
    check(answer, 'name_to_handle_at', name);
    const length = answer % 256;
    return { type: (answer - length) / 256, bytes: Buffer.from(this.#handle.subarray(0, length)) };
  }

  findOpenByHandle(mount: Fd, handle: FileHandle): Fd | undefined {
    const fd = this.#native.openByHandle(mount, handle.type, handle.bytes);
    if (fd >= 0) return fd as Fd;
    const absent = fd === -ESTALE || fd === -EPERM || fd === -ENOENT || fd === -EOPNOTSUPP;
    return absent ? undefined : fail(fd, 'open_by_handle_at');
  }

  fsUuid(fd: Fd): Buffer {
    const uuid = Buffer.alloc(16);
    const answer = this.#native.fsUuid(fd, uuid);
    // ENOTTY: the file system has none, or nobody tells.
    if (answer < 0 && answer !== -ENOTTY && answer !== -EOPNOTSUPP && answer !== -ENOSYS)
      fail(answer, 'ioctl');
    return uuid;
  }

  pread(fd: Fd, buffer: Buffer, offset: number, length: number, position: number, nowait: boolean): number {
    return check(
      this.#native.pread(fd, buffer, offset, length, position, nowait),
      nowait ? 'preadv2' : 'pread',
    );
  }

  pwrite(fd: Fd, buffer: Buffer, offset: number, length: number, position: number): number {
    return check(this.#native.pwrite(fd, buffer, offset, length, position), 'pwrite');
  }

  copyFileRange(from: Fd, fromOffset: number, to: Fd, toOffset: number, length: number): number {
    return check(this.#native.copyFileRange(from, fromOffset, to, toOffset, length), 'copy_file_range');
  }

  assume(uid: number, gid: number, umask: number): void {
    this.#native.assume(uid, gid, umask);
  }

  assumeNone(): void {
    this.#native.assumeNone();
  }

  preadAsync(fd: Fd, buffer: Buffer, offset: number, length: number, position: number): Promise<number> {
    return checkLater(this.#native.preadAsync(fd, buffer, offset, length, position), 'pread');
  }

  pwriteAsync(fd: Fd, buffer: Buffer, offset: number, length: number, position: number): Promise<number> {
    return checkLater(this.#native.pwriteAsync(fd, buffer, offset, length, position), 'pwrite');
  }

  async fsync(fd: Fd, dataOnly: boolean): Promise<void> {
    check(await this.#native.fsyncAsync(fd, dataOnly), dataOnly ? 'fdatasync' : 'fsync');
  }

  async syncfs(fd: Fd): Promise<void> {
    check(await this.#native.syncfsAsync(fd), 'syncfs');
  }

  async ftruncateAsync(fd: Fd, size: number): Promise<void> {
    const answer = await this.#native.ftruncateAsync(fd, size);
    // No thread could be started.
    if (answer === -EAGAIN) this.ftruncate(fd, size);
    else check(answer, 'ftruncate');
  }

  async fallocateAsync(fd: Fd, mode: number, offset: number, length: number): Promise<void> {
    check(await this.#native.fallocateAsync(fd, mode, offset, length), 'fallocate');
  }

  copyFileRangeAsync(
    from: Fd,
    fromOffset: number,
    to: Fd,
    toOffset: number,
    length: number,
  ): Promise<number> {
    return checkLater(
      this.#native.copyFileRangeAsync(from, fromOffset, to, toOffset, length),
      'copy_file_range',
    );
  }

  async copyData(
    from: Fd,
    to: Fd,
    size: number,
    options: { sync: boolean; cancel?: Cancel },
  ): Promise<CopyResult> {
    return copyResult(await this.#native.copyDataAsync(from, to, size, options.sync, options.cancel?.flag));
  }

  copyDataSync(from: Fd, to: Fd, size: number): CopyResult {
    return copyResult(this.#native.copyData(from, to, size));
  }
}
