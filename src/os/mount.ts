/**
 * Attaching a FUSE file system to the tree and taking it off again: by mount(2) where the process
 * may, through the setuid helper fusermount3 where not. Also the private view of a layer: a detached
 * clone of its tree. Nothing here looks into a mount.
 */
import { spawnSync, type StdioOptions } from 'node:child_process';
import { closeSync } from 'node:fs';

import { errno } from '../base/errno.ts';
import { FsError } from '../base/fs-error.ts';
import type { Fd } from '../base/ids.ts';
import { asName, nameFromText, nameToText, type Name } from '../base/name.ts';
import { UserError } from '../base/user-error.ts';
import { getAddon } from './addon.ts';
import * as constants from './constants.ts';
import {
  accessTimesOf,
  MOUNT_ATTR_NOATIME,
  MOUNT_ATTR_NODIRATIME,
  MOUNT_ATTR_RDONLY,
  MOUNT_ATTR__ATIME,
} from './mount-attributes.ts';

const { AT_FDCWD, MNT_DETACH, MS_NOATIME, MS_NODEV, MS_NODIRATIME, MS_NOEXEC, MS_NOSUID, MS_PRIVATE } =
  constants;
const { MS_BIND, MS_RDONLY, MS_SYNCHRONOUS, MS_DIRSYNC, O_NONBLOCK, O_RDWR, UMOUNT_NOFOLLOW } = constants;

const fuseDevice = asName('/dev/fuse');
const helper = 'fusermount3';
/** The descriptor of the helper's end of the socket, in the helper. */
const helperSocket = 3;

/** open_tree(2): include/uapi/linux/mount.h. */
const OPEN_TREE_CLONE = 1;

export interface FuseMountOptions {
  /** An existing directory, as an absolute path. */
  readonly target: Name;
  /** What mount(8) shows as the source. */
  readonly source: Name;
  /** The kind of FUSE file system: the type is `fuse.<subtype>`. */
  readonly subtype: string;
  /** MS_* of mount(2). */
  readonly flags: number;
  readonly allowOther: boolean;
  readonly defaultPermissions: boolean;
  /** Options of the file system as they are: `max_read=1048576`. */
  readonly dataOptions?: readonly string[];
}

/** Opens /dev/fuse for a new connection, non-blocking. Throws FsError (ENOENT, EACCES, ENODEV). */
export function openFuseDevice(): Fd {
  const fd = getAddon().openat(AT_FDCWD, fuseDevice, O_RDWR | O_NONBLOCK, 0);
  if (fd < 0) throw new FsError(-fd, { syscall: 'open', path: fuseDevice });
  return fd as Fd;
}

/** Mounts the connection `device` with mount(2). Throws FsError (EPERM: try `mountFuseByHelper`). */
export function mountFuse(device: Fd, options: FuseMountOptions): void {
  const data = fuseOptions(device, options).join(',');
  const type = `fuse.${options.subtype}`;
  const mounted = getAddon().mount(options.source, options.target, type, options.flags, data);
  if (mounted < 0) throw new FsError(-mounted, { syscall: 'mount', path: nameToText(options.target) });
}

/** What the file system itself is told. */
export function fuseOptions(device: Fd, options: FuseMountOptions): string[] {
  return [
    `fd=${String(device)}`,
    'rootmode=40000',
    `user_id=${String(process.geteuid?.() ?? 0)}`,
    `group_id=${String(process.getegid?.() ?? 0)}`,
    ...(options.defaultPermissions ? ['default_permissions'] : []),
    ...(options.allowOther ? ['allow_other'] : []),
    ...(options.dataOptions ?? []),
  ];
}

/**
 * Mounts through fusermount3, which opens the device itself, and returns the device's descriptor,
 * non-blocking. Blocks for some milliseconds, until the helper is through. Throws UserError
 * `fusermount-missing`, `fusermount-failed` (with what the helper said), `unsupported-option` for a flag that it does
 * not know, and for a target that is not UTF-8, which an argument cannot carry, `bad-target`.
 */
export function mountFuseByHelper(options: FuseMountOptions): Fd {
  const unknown = foreignFlags.filter(([flag]) => (options.flags & flag) !== 0);
  if (unknown.length > 0) {
    const shown = unknown.map(([, name]) => name).join(', ');
    throw new UserError('unsupported-option', `${shown}: ${helper} knows no such option`, {
      hint: 'leave it out, or mount as root',
    });
  }
  const native = getAddon();
  const pair = native.socketpair();
  if (typeof pair === 'number') throw new FsError(-pair, { syscall: 'socketpair' });
  const [own, its] = pair;
  try {
    try {
      runHelper(['-o', helperOptions(options).join(','), '--', argument(options.target)], its);
    } finally {
      // With our copy of its end open, a helper that sent nothing would be waited for for ever.
      closeSync(its);
    }
    const fd = native.receiveDescriptor(own);
    if (fd < 0) throw new FsError(-fd, { syscall: 'recvmsg' });
    native.setNonblocking(fd);
    return fd as Fd;
  } finally {
    closeSync(own);
  }
}

/**
 * Sets how the mount at `target` spreads: MS_PRIVATE and so on. False where that is refused: a mount that came by
 * fusermount3 belongs to another user.
 */
export function trySetPropagation(target: Name, propagation: number): boolean {
  const done = getAddon().mount(asName('none'), target, 'none', propagation, '');
  if (done >= 0) return true;
  if (done === -errno.EPERM) return false;
  throw new FsError(-done, { syscall: 'mount', path: nameToText(target) });
}

/** Gives the file system and the mount at `target` other flags, all of those in MS_* `flags`. Throws FsError (EPERM, EBUSY). */
export function remountFuse(target: Name, flags: number): void {
  const done = getAddon().mount(asName('none'), target, 'fuse', constants.MS_REMOUNT | flags, '');
  if (done < 0) throw new FsError(-done, { syscall: 'mount', path: nameToText(target) });
}

/** Takes the topmost mount off `target`. With `lazy`, at once though it is busy. Throws FsError (EBUSY), UserError. */
export function unmountFuse(target: Name, options: { readonly lazy: boolean }): void {
  const flags = UMOUNT_NOFOLLOW | (options.lazy ? MNT_DETACH : 0);
  const done = getAddon().umount(target, flags);
  if (done >= 0) return;
  if (done !== -errno.EPERM) throw new FsError(-done, { syscall: 'umount2', path: nameToText(target) });
  try {
    runHelper(['-u', ...(options.lazy ? ['-z'] : []), '--', argument(target)]);
  } catch (thrown) {
    // Its status is 1 for whatever happens.
    const isBusy = thrown instanceof UserError && thrown.message.includes('Device or resource busy');
    throw isBusy ? new FsError(errno.EBUSY, { syscall: 'umount2', path: nameToText(target) }) : thrown;
  }
}

/** Whether a whole tree of mounts can be made read-only at once: mount_setattr(2), Linux 5.12. */
export function knowsMountAttributes(): boolean {
  return getAddon().mountSetattr(-1, 0, 0, 0) !== -errno.ENOSYS;
}

/** Shows the tree at `source`, without the mounts in it, at `target`, too. Throws FsError. */
export function bindMount(source: Name, target: Name): void {
  const done = getAddon().mount(source, target, '', MS_BIND, '');
  if (done < 0) throw new FsError(-done, { syscall: 'mount', path: nameToText(target) });
}

export interface CloneOptions {
  /** Nobody can write through it, and reading moves no access times. */
  readonly readOnly: boolean;
  /** MS_* of mount(2): which access times reading moves in one that is not read-only; default MS_RELATIME. */
  readonly flags?: number;
}

/**
 * A private clone of the tree at `path`, without the mounts inside it: nothing that is mounted later
 * shows in it, and mounts over `path` do not hide it. Undefined where it is refused (a plain user, a
 * user namespace with locked mounts below, a kernel before 5.12). Throws FsError (ENOENT, EACCES, ...).
 */
export function findDetachedClone(path: Name, { readOnly, flags = 0 }: CloneOptions): Fd | undefined {
  const native = getAddon();
  const fd = native.openTree(AT_FDCWD, path, OPEN_TREE_CLONE);
  if (isRefusal(fd)) return undefined;
  if (fd < 0) throw new FsError(-fd, { syscall: 'open_tree', path: nameToText(path) });
  const protection = readOnly ? MOUNT_ATTR_RDONLY : 0;
  const times = readOnly ? MOUNT_ATTR_NOATIME : accessTimesOf(flags);
  // Private: kernels from 6.15 on let mounts propagate into detached trees too.
  let done = native.mountSetattr(
    fd,
    protection | times,
    MOUNT_ATTR__ATIME | MOUNT_ATTR_NODIRATIME,
    MS_PRIVATE,
  );
  // Where a user namespace has locked the access time settings.
  if (done === -errno.EPERM) done = native.mountSetattr(fd, protection, 0, MS_PRIVATE);
  if (done >= 0) return fd as Fd;
  native.close(fd);
  if (isRefusal(done)) return undefined;
  throw new FsError(-done, { syscall: 'mount_setattr', path: nameToText(path) });
}

function isRefusal(answer: number): boolean {
  return answer === -errno.EPERM || answer === -errno.EINVAL || answer === -errno.ENOSYS;
}

/** The names that fusermount3 knows for the flags of mount(2). */
const flagNames: readonly (readonly [flag: number, name: string])[] = [
  [MS_RDONLY, 'ro'],
  [MS_NOSUID, 'nosuid'],
  [MS_NODEV, 'nodev'],
  [MS_NOEXEC, 'noexec'],
  [MS_SYNCHRONOUS, 'sync'],
  [MS_DIRSYNC, 'dirsync'],
  [MS_NOATIME, 'noatime'],
  [MS_NODIRATIME, 'nodiratime'],
];

/** Those that it has no name for. */
const foreignFlags: readonly (readonly [flag: number, name: string])[] = [
  [constants.MS_STRICTATIME, 'strictatime'],
  [constants.MS_LAZYTIME, 'lazytime'],
  [constants.MS_NOSYMFOLLOW, 'nosymfollow'],
];

function helperOptions(options: FuseMountOptions): string[] {
  return [
    ...flagNames.filter(([flag]) => (options.flags & flag) !== 0).map(([, name]) => name),
    // fusermount3 reads a backslash before a comma or a backslash as quoting.
    `fsname=${nameToText(options.source).replace(/[\\,]/g, '\\$&')}`,
    `subtype=${options.subtype}`,
    ...(options.defaultPermissions ? ['default_permissions'] : []),
    ...(options.allowOther ? ['allow_other'] : []),
    ...(options.dataOptions ?? []),
  ];
}

/** A path as an argument of a child. */
function argument(path: Name): string {
  const text = nameToText(path);
  if (nameFromText(text) !== path) {
    throw new UserError('bad-target', `${text}: the mount point's name is not UTF-8`, {
      hint: 'mount as root, or choose another mount point',
    });
  }
  return text;
}

/** Runs fusermount3 to its end, with `socket` for the descriptor that it sends. */
function runHelper(args: readonly string[], socket?: number): void {
  const options = {
    stdio: ['ignore', 'ignore', 'pipe', socket ?? 'ignore'] satisfies StdioOptions,
    env: {
      ...process.env,
      LC_ALL: 'C',
      ...(socket === undefined ? {} : { _FUSE_COMMFD: String(helperSocket) }),
    },
    encoding: 'utf8',
    cwd: '/',
    // A signal of the terminal would end it between mounting and handing over the descriptor. (Node's types lack it.)
    detached: true,
  } as const;
  const done = spawnSync(helper, args, options);
  if (done.error !== undefined) {
    throw new UserError('fusermount-missing', `${helper} cannot be run`, {
      hint: 'install the package fuse3, or mount as root',
      cause: done.error,
    });
  }
  if (done.status !== 0) {
    const said = done.stderr.trim().replaceAll(`${helper}: `, '').replaceAll('\n', '; ');
    throw new UserError('fusermount-failed', said === '' ? `${helper} failed` : `${helper}: ${said}`);
  }
}
