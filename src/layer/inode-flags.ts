/**
 * The inode flags that a copy keeps: synchronous writes, and no access times (chattr(1) `S` and `A`). Those that keep an object from
 * changing are kept in another form (`protattr.ts`), the others belong to a file system.
 * Source: fs/overlayfs/copy_up.c, `ovl_copy_fileattr`; fs/overlayfs/overlayfs.h, `OVL_COPY_FS_FLAGS_MASK`.
 */
import { isFsError } from '../base/fs-error.ts';
import type { Fd } from '../base/ids.ts';
import type { Name } from '../base/name.ts';
import { FS_NOATIME_FL, FS_SYNC_FL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY } from '../os/constants.ts';
import type { HostFs } from '../os/host-fs.ts';

const kept = FS_SYNC_FL | FS_NOATIME_FL;

/** An object: one that is open for reading; (dir, name); or with an empty name what `dir` has open as O_PATH. */
export type FlaggedObject = { readonly fd: Fd } | { readonly dir: Fd; readonly name: Name };

/**
 * Gives (dir, name) those flags of `from`, both regular files or directories. Not where a file system has none, or where the
 * caller may not ask for them or set them.
 */
export function copyInodeFlags(fs: HostFs, from: FlaggedObject, dir: Fd, name: Name): void {
  try {
    const flags = ('fd' in from ? fs.getFlags(from.fd) : fs.getFlagsAt(from.dir, from.name)) & kept;
    if (flags !== 0) addFlags(fs, flags, dir, name);
  } catch (thrown) {
    if (!isRefusal(thrown)) throw thrown;
  }
}

function addFlags(fs: HostFs, flags: number, dir: Fd, name: Name): void {
  const fd = fs.openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);
  try {
    fs.setFlags(fd, fs.getFlags(fd) | flags);
  } finally {
    fs.close(fd);
  }
}

function isRefusal(thrown: unknown): boolean {
  return (['EACCES', 'EPERM', 'ENOTTY', 'EOPNOTSUPP', 'EINVAL', 'ENOSYS'] as const).some((code) =>
    isFsError(thrown, code),
  );
}
