/**
 * What has to be known of a directory before it becomes part of a mount: whether it is there, where it
 * really is, whether it can be written.
 */
import {
  accessSync,
  closeSync,
  constants,
  fstatSync,
  openSync,
  realpathSync,
  type BigIntStats,
} from 'node:fs';
import { asName, type Name } from '../base/name.ts';
import { attempt } from './attempt.ts';
import { readMountId } from './mountinfo.ts';

export interface DirectoryFacts {
  /** Without symbolic links and dots. */
  readonly realPath: Name;
  /** The identity of its file system, and of itself in there. */
  readonly device: bigint;
  readonly inode: bigint;
  /** Of the mount that it is reached through: `MountEntry.id`. */
  readonly mountId: number;
}

/** Throws FsError: ENOENT, ENOTDIR, EACCES, ENOTCONN (a FUSE mount whose server is gone). */
export function directoryFacts(path: Name): DirectoryFacts {
  return attempt('open', path, () => {
    const flags = constants.O_DIRECTORY | constants.O_RDONLY | constants.O_NONBLOCK;
    const fd = openSync(Buffer.from(path, 'latin1'), O_PATH | flags);
    try {
      const stat: BigIntStats = fstatSync(fd, { bigint: true });
      const realPath = realpathSync.native(`/proc/self/fd/${String(fd)}`, 'latin1');
      return {
        realPath: asName(realPath),
        device: stat.dev,
        inode: stat.ino,
        mountId: readMountId(`self/fdinfo/${String(fd)}`),
      };
    } finally {
      closeSync(fd);
    }
  });
}

/** Throws FsError, EACCES above all, where this process cannot list the directory. access(2) would not count capabilities of users. */
export function checkReadable(path: Name): void {
  attempt('open', path, () => {
    const flags = constants.O_DIRECTORY | constants.O_RDONLY | constants.O_NONBLOCK;
    closeSync(openSync(Buffer.from(path, 'latin1'), flags));
  });
}

/** Throws FsError, EACCES or EROFS, where this process cannot make entries in the directory. */
export function checkWritable(path: Name): void {
  attempt('access', path, () => {
    accessSync(Buffer.from(path, 'latin1'), constants.W_OK | constants.X_OK);
  });
}

const O_PATH = 0o10000000;
