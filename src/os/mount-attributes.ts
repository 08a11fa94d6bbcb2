/**
 * What mount(2) says in its flags, in the words of the calls that came after it: fsmount(2) and
 * mount_setattr(2) take attributes of the mount (include/uapi/linux/mount.h), fsconfig(2) takes flags of
 * the file system by name. mount(2) mixes both.
 */
import * as os from './constants.ts';

export const MOUNT_ATTR_RDONLY = 0x1;
export const MOUNT_ATTR_NOATIME = 0x10;
export const MOUNT_ATTR__ATIME = 0x70;
export const MOUNT_ATTR_NODIRATIME = 0x80;
const MOUNT_ATTR_RELATIME = 0;
const MOUNT_ATTR_STRICTATIME = 0x20;

const attributes: readonly (readonly [flag: number, attribute: number])[] = [
  [os.MS_RDONLY, MOUNT_ATTR_RDONLY],
  [os.MS_NOSUID, 0x2],
  [os.MS_NODEV, 0x4],
  [os.MS_NOEXEC, 0x8],
  [os.MS_NOSYMFOLLOW, 0x200000],
];

const superFlags: readonly (readonly [flag: number, name: string])[] = [
  [os.MS_RDONLY, 'ro'],
  [os.MS_SYNCHRONOUS, 'sync'],
  [os.MS_DIRSYNC, 'dirsync'],
  [os.MS_LAZYTIME, 'lazytime'],
];

/** The attributes of a mount with the MS_* of `flags`. */
export function attributesOf(flags: number): number {
  const set = attributes.filter(([flag]) => (flags & flag) !== 0);
  return set.reduce((all, [, attribute]) => all | attribute, accessTimesOf(flags));
}

/** Those that are about access times (fs/namespace.c, path_mount). */
export function accessTimesOf(flags: number): number {
  const directories = (flags & os.MS_NODIRATIME) === 0 ? 0 : MOUNT_ATTR_NODIRATIME;
  if ((flags & os.MS_STRICTATIME) !== 0) return directories | MOUNT_ATTR_STRICTATIME;
  return directories | ((flags & os.MS_NOATIME) === 0 ? MOUNT_ATTR_RELATIME : MOUNT_ATTR_NOATIME);
}

/** The names of the flags that are the file system's. */
export function superFlagsOf(flags: number): string[] {
  return superFlags.filter(([flag]) => (flags & flag) !== 0).map(([, name]) => name);
}
