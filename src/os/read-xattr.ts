/**
 * One extended attribute of one directory, for programs that are no file server: unlike `RealFs` it leaves
 * the process as it is (umask and all).
 */
import { constants, promises } from 'node:fs';
import { errno } from '../base/errno.ts';
import { FsError } from '../base/fs-error.ts';
import { nameToText, type Name } from '../base/name.ts';
import { getAddon } from './addon.ts';

/**
 * Its value; undefined where the directory has no such attribute. The directory is opened on the thread pool,
 * so a file system that does not answer does not hold up this thread. Throws FsError, or Node's own
 * error where the directory cannot be opened.
 */
export async function findDirectoryXattr(path: Name, attribute: Name): Promise<Buffer | undefined> {
  const directory = await promises.open(
    Buffer.from(path, 'latin1'),
    constants.O_DIRECTORY | constants.O_RDONLY,
  );
  try {
    const value = getAddon().getxattr(directory.fd, '', attribute);
    if (typeof value !== 'number') return value;
    if (value === -errno.ENODATA || value === -errno.EOPNOTSUPP) return undefined;
    throw new FsError(-value, { syscall: 'fgetxattr', path: nameToText(path) });
  } finally {
    await directory.close();
  }
}
