/**
 * The inode flags that a copy keeps: synchronous writes, and no access times (chattr(1) `S` and `A`). Those that keep an object from
 * changing are kept in another form (`protattr.ts`), the others belong to a file system.
 * Source: fs/overlayfs/copy_up.c, `ovl_copy_fileattr`; fs/overlayfs/overlayfs.h, `OVL_COPY_FS_FLAGS_MASK`.
 */
import { isFsError } from '../base/fs-error.ts';
import type { Fd } from '../base/ids.ts';
import { asName, type Name } from '../base/name.ts';
import { FS_NOATIME_FL, FS_SYNC_FL, O_NOFOLLOW, O_NONBLOCK, O_RDONLY } from '../os/constants.ts';
import type { HostFs } from '../os/host-fs.ts';

const kept = FS_SYNC_FL | FS_NOATIME_FL;

/** An object: one that is open for reading; (dir, name); or with an empty name what `dir` has open as O_PATH. */
export type FlaggedObject = { readonly fd: Fd } | { readonly dir: Fd; readonly name: Name };

/**
 * Gives `to` those flags of `from`, both regular files or directories. Not where a file system has none, or where the caller may
 * not ask for them or set them.
 */
export function copyInodeFlags(fs: HostFs, from: FlaggedObject, to: FlaggedObject): void {
  const flags = withOpen(fs, from, (fd) => fs.getFlags(fd) & kept) ?? 0;
  if (flags === 0) return;
  withOpen(fs, to, (fd) => {
    fs.setFlags(fd, fs.getFlags(fd) | flags);
  });
}

function withOpen<T>(fs: HostFs, object: FlaggedObject, use: (fd: Fd) => T): T | undefined {
  try {
    if ('fd' in object) return use(object.fd);
    const { dir, name } = object;
    const fd =
      name === asName('')
        ? fs.reopen(dir, O_RDONLY | O_NONBLOCK)
        : fs.openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);
    try {
      return use(fd);
    } finally {
      fs.close(fd);
    }
  } catch (thrown) {
    if (!isRefusal(thrown)) throw thrown;
    return undefined;
  }
}

function isRefusal(thrown: unknown): boolean {
  return (['EACCES', 'EPERM', 'ENOTTY', 'EOPNOTSUPP', 'EINVAL', 'ENOSYS'] as const).some((code) =>
    isFsError(thrown, code),
  );
}
