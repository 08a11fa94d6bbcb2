/**
 * Single extended attributes, for programs that are no file server: unlike `RealFs` it leaves
 * the process as it is (umask and all).
 */
import { constants, promises } from 'node:fs';
import { errno } from '../base/errno.ts';
import { FsError } from '../base/fs-error.ts';
import { nameToText, type Name } from '../base/name.ts';
import { getAddon } from './addon.ts';
import { AT_FDCWD, XATTR_SIZE_MAX } from './constants.ts';

/**
 * Its value; undefined where the directory has no such attribute. All that may wait for a file system is done by
 * other threads, so one that does not answer does not hold up this one. Throws FsError, or Node's own
 * error where the directory cannot be opened.
 */
export async function findDirectoryXattr(path: Name, attribute: Name): Promise<Buffer | undefined> {
  const directory = await promises.open(
    Buffer.from(path, 'latin1'),
    constants.O_DIRECTORY | constants.O_RDONLY,
  );
  try {
    const begin = attribute.length + 1;
    const buffer = Buffer.alloc(begin + XATTR_SIZE_MAX);
    buffer.write(attribute, 'latin1');
    const length = await getAddon().fgetxattrAsync(directory.fd, buffer, begin);
    if (length >= 0) return buffer.subarray(begin, begin + length);
    if (length === -errno.ENODATA || length === -errno.EOPNOTSUPP) return undefined;
    throw new FsError(-length, { syscall: 'fgetxattr', path: nameToText(path) });
  } finally {
    await directory.close();
  }
}

/** The same of anything but a symbolic link, at once: it waits for the file system. Throws FsError. */
export function findXattr(path: Name, attribute: Name): Buffer | undefined {
  const value = getAddon().getxattr(AT_FDCWD, path, attribute);
  if (typeof value !== 'number') return value;
  if (value === -errno.ENODATA || value === -errno.EOPNOTSUPP) return undefined;
  throw new FsError(-value, { syscall: 'getxattr', path: nameToText(path) });
}
