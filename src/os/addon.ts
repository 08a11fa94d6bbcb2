/**
 * The native addon as types, and the one place that loads it. Its functions answer a number of 0 or
 * more, or the negative errno; only this room sees those. Loading happens at the first call of
 * `getAddon`, never at import, and the loaded addon is the only state of this module.
 */
import { createRequire } from 'node:module';

import { UserError } from '../base/user-error.ts';

/** A channel of the addon: opaque. */
export type NativeChannel = object & { readonly nativeChannel: never };

/** What native/module.c exports, one function per system call. Argument orders are those of the man pages. */
export interface NativeAddon {
  /** What `statx` found last; the indices are `st` of `host-fs.ts`. */
  readonly stat: Float64Array;

  openat(dir: number, path: string, flags: number, mode: number): number;
  openat2(dir: number, path: string, flags: number, mode: number, resolve: number): number;
  reopen(fd: number, flags: number): number;
  close(fd: number): number;
  getFlags(fd: number): number;
  getFlagsAt(dir: number, name: string): number;
  setFlags(fd: number, flags: number): number;
  /** Type * 256 + length; the bytes are in `out`, at least 128 long. */
  nameToHandle(dir: number, name: string, out: Buffer): number;
  openByHandle(mount: number, type: number, bytes: Buffer): number;
  fsUuid(fd: number, out: Buffer): number;

  mkdirat(dir: number, name: string, mode: number): number;
  mknodat(dir: number, name: string, mode: number, rdev: number): number;
  symlinkat(target: string, dir: number, name: string): number;
  linkat(oldDir: number, oldName: string, newDir: number, newName: string): number;
  unlinkat(dir: number, name: string, flags: number): number;
  renameat2(oldDir: number, oldName: string, newDir: number, newName: string, flags: number): number;
  readlinkat(dir: number, name: string): string | number;
  fchmodat(dir: number, name: string, mode: number): number;
  fchownat(dir: number, name: string, uid: number, gid: number): number;
  utimensat(dir: number, name: string, aSec: number, aNsec: number, mSec: number, mNsec: number): number;

  ftruncate(fd: number, size: number): number;
  fallocate(fd: number, mode: number, offset: number, length: number): number;
  lseek(fd: number, offset: number, whence: number): number;
  pread(
    fd: number,
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    nowait: boolean,
  ): number;
  pwrite(fd: number, buffer: Buffer, offset: number, length: number, position: number): number;
  copyFileRange(from: number, fromOffset: number, to: number, toOffset: number, length: number): number;
  /** Bytes copied, `copyCloned`, or an errno. */
  copyData(from: number, to: number, size: number): number;

  statx(dir: number, name: string, block?: Buffer, offset?: number): number;
  /** The same, but of what is mounted at the name it tells what the kernel knows unasked. */
  statxApart(dir: number, name: string, block?: Buffer, offset?: number): number;
  statfs(fd: number, block: Buffer, offset: number): number;
  listDirectory(fd: number): { names: string[]; types: Uint8Array; inos: Uint32Array } | number;

  getxattr(dir: number, name: string, attribute: string): Buffer | number;
  /** All names, each with its NUL. */
  listxattr(dir: number, name: string): string | number;
  setxattr(dir: number, name: string, attribute: string, value: Uint8Array, flags: number): number;
  removexattr(dir: number, name: string, attribute: string): number;
  overlayMarks(dir: number, name: string, prefix: string): number;

  assume(uid: number, gid: number, umask: number): number;
  assumeNone(): number;

  // Promises of the pool: they never reject.
  preadAsync(fd: number, buffer: Buffer, offset: number, length: number, position: number): Promise<number>;
  pwriteAsync(fd: number, buffer: Buffer, offset: number, length: number, position: number): Promise<number>;
  fsyncAsync(fd: number, dataOnly: boolean): Promise<number>;
  /** `buffer` begins with the attribute's name and its NUL; the value is put at `offset`: its length. */
  fgetxattrAsync(fd: number, buffer: Buffer, offset: number): Promise<number>;
  syncfsAsync(fd: number): Promise<number>;
  fallocateAsync(fd: number, mode: number, offset: number, length: number): Promise<number>;
  ftruncateAsync(fd: number, size: number): Promise<number>;
  /** `atOnce`: so many blocks of 512 bytes are given back at once. */
  closeApart(fd: number, atOnce: number): number | Promise<number>;
  copyFileRangeAsync(
    from: number,
    fromOffset: number,
    to: number,
    toOffset: number,
    length: number,
  ): Promise<number>;
  copyDataAsync(from: number, to: number, size: number, sync: boolean, cancel?: Int32Array): Promise<number>;

  /** Zeroed, and on a page boundary. */
  allocateBuffer(size: number): Buffer | number;
  /** Gives the pages of such a buffer back from `from` on, a page boundary: they read as zeros. */
  emptyBuffer(buffer: Buffer, from: number): number;
  /** The descriptor belongs to the channel from then on; `bareNodes` are the bytes of `FuseChannel.bareNodes`. */
  channelOpen(fd: number, reply: Buffer, spinUs: number, bareNodes?: Buffer): NativeChannel | number;
  channelSetRequest(channel: NativeChannel, request: Buffer): number;
  channelStart(
    channel: NativeChannel,
    onRequest: (length: number) => number,
    onEnd: (errno: number) => void,
    onIdle: () => void,
  ): number;
  channelWantIdle(channel: NativeChannel): number;
  channelStop(channel: NativeChannel): number;
  channelClose(channel: NativeChannel): number;
  channelSend(channel: NativeChannel, message: Buffer, length: number): number;
  channelSendAsync(channel: NativeChannel, message: Buffer, length: number): Promise<number>;
  channelReplyData(channel: NativeChannel, fd: number, position: number, length: number): number;
  channelClosePassage(channel: NativeChannel): number;
  repeatsBegin(channel: NativeChannel, node: number, fh: number, flags: number, backingId: number): number;
  repeatsEnd(channel: NativeChannel, node: number, onlyUnused: boolean): number;
  repeatsAnswered(channel: NativeChannel, kind: number): number;
  backingOpen(channel: NativeChannel, fd: number): number;
  backingClose(channel: NativeChannel, id: number): number;

  mount(source: string, target: string, type: string, flags: number, data: string): number;
  umount(target: string, flags: number): number;
  fsopen(type: string, flags: number): number;
  /** An empty key or value is none. */
  fsconfig(fd: number, command: number, key: string, value: string): number;
  fsmount(fd: number, flags: number, attributes: number): number;
  /** The mount that `fd` refers to. */
  moveMount(fd: number, target: string, flags: number): number;
  openTree(dir: number, path: string, flags: number): number;
  mountSetattr(fd: number, set: number, clear: number, propagation: number): number;
  socketpair(): [number, number] | number;
  receiveDescriptor(socket: number): number;
  setNonblocking(fd: number): number;

  /** A SOCK_SEQPACKET socket, blocking. */
  connectPacket(path: string): number;
  shutdown(fd: number, how: number): number;
  /** Who connected to the socket; the pidfd is -1 before Linux 6.5. */
  peer(fd: number): [pid: number, uid: number, gid: number, pidfd: number] | number;
  pidfdAlive(pidfd: number): number;

  /** `_exit(2)`. */
  endProcess(status: number): never;
}

/** What `copyData` answers when the extents are shared (below every errno). */
export const copyCloned = -4096;

/** The same place seen from src/os and from dist/os. */
const addonPath = '../../native/build/Release/strata.node';

let loaded: NativeAddon | undefined;

/** The addon. Throws UserError `addon-missing` where it was not built, or not for this Node. */
export function getAddon(): NativeAddon {
  loaded ??= loadAddon(addonPath);
  return loaded;
}

/** The addon at `path`, relative to this file. Throws UserError `addon-missing`. */
export function loadAddon(path: string): NativeAddon {
  try {
    return createRequire(import.meta.url)(path) as NativeAddon;
  } catch (cause) {
    throw new UserError('addon-missing', 'the native addon is not built', {
      hint: 'run `npm run build:native`; it needs g++, make and python3',
      cause,
    });
  }
}
