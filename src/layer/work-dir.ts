/**
 * The work directory: where everything is made before it appears in the upper. What a crash leaves
 * there belongs to nothing and is removed at the next mount. `work` lies inside the directory that the
 * user names, beside `index`, as the kernel's overlayfs lays them out (fs/overlayfs/super.c,
 * `ovl_workdir_create`). One thing there is no leftover: the guard of a volatile mount, whose upper
 * may be broken after a crash, so that no mount takes it as it is.
 */
import { isFsError } from '../base/fs-error.ts';
import type { Fd } from '../base/ids.ts';
import { silentLog, type Log } from '../base/log.ts';
import { asName, nameToText, type Name } from '../base/name.ts';
import { UserError } from '../base/user-error.ts';
import {
  AT_REMOVEDIR,
  O_CREAT,
  O_DIRECTORY,
  O_EXCL,
  O_NOFOLLOW,
  O_RDONLY,
  O_WRONLY,
  RESOLVE_BENEATH,
  RESOLVE_NO_SYMLINKS,
  RESOLVE_NO_XDEV,
} from '../os/constants.ts';
import type { HostFs } from '../os/host-fs.ts';
import { aclAccess, aclDefault } from './acl.ts';
import { cleanIndex, indexDirectoryName } from './index-dir.ts';
import { removeTree } from './remove-tree.ts';
import type { OverlayNames } from './xattr-names.ts';

export interface WorkOptions {
  /** Whether `index` is made, cleaned and opened; otherwise it is not touched. */
  readonly index: boolean;
  readonly names: OverlayNames;
  readonly log?: Log;
}

/** Both open for reading; the caller closes them. */
export interface PreparedWork {
  readonly work: Fd;
  readonly index: Fd | undefined;
}

const workName = asName('work');
const incompatName = asName('incompat');
const volatileName = asName('volatile');
const dirtyName = asName('dirty');
const staysInside = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV;
const directoryFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW;

/**
 * Makes an empty `work` below `workRoot` and a clean `index`. UserError `unclean-volatile` where the
 * upper was last mounted volatile and not unmounted, or carries another feature that we do not know;
 * FsError where the directory cannot be written (EROFS, EACCES) or something is mounted in it (EBUSY).
 */
export function prepareWork(fs: HostFs, workRoot: Fd, options: WorkOptions): PreparedWork {
  refuseIncompatible(fs, workRoot);
  removeTree(fs, workRoot, workName);
  const work = makeDirectory(fs, workRoot, workName);
  if (!options.index) return { work, index: undefined };
  let index: Fd | undefined;
  try {
    index = findIndex(fs, workRoot);
    if (index === undefined) return { work, index: makeDirectory(fs, workRoot, indexDirectoryName) };
    cleanIndex(fs, index, options.names, options.log ?? silentLog);
    return { work, index };
  } catch (error) {
    if (index !== undefined) fs.close(index);
    fs.close(work);
    throw error;
  }
}

/** The index in a workdir, open for reading; the caller closes it. undefined where there is none. */
export function findIndex(fs: HostFs, workRoot: Fd): Fd | undefined {
  return openDirectory(fs, workRoot, indexDirectoryName);
}

/**
 * Leaves the guard in `work` (`PreparedWork.work`) that makes later mounts refuse this upper: the
 * first thing that a volatile mount does. The kernel's overlayfs writes and heeds the same one.
 */
export function createVolatileGuard(fs: HostFs, work: Fd): void {
  const incompat = makeDirectory(fs, work, incompatName);
  try {
    const guard = makeDirectory(fs, incompat, volatileName);
    try {
      fs.close(fs.openat(guard, dirtyName, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600));
    } finally {
      fs.close(guard);
    }
  } finally {
    fs.close(incompat);
  }
}

/** Takes the guard away, once the upper has reached the disk. Nothing happens where there is none. */
export function removeVolatileGuard(fs: HostFs, work: Fd): void {
  const incompat = openDirectory(fs, work, incompatName);
  if (incompat === undefined) return;
  try {
    removeTree(fs, incompat, volatileName);
  } finally {
    fs.close(incompat);
  }
  // Another feature's guard may be there: that is then none of our business.
  try {
    fs.findUnlinkat(work, incompatName, AT_REMOVEDIR);
  } catch (error) {
    if (!isFsError(error, 'ENOTEMPTY') && !isFsError(error, 'EEXIST')) throw error;
  }
}

function refuseIncompatible(fs: HostFs, workRoot: Fd): void {
  const work = openDirectory(fs, workRoot, workName);
  if (work === undefined) return;
  let features: readonly Name[];
  try {
    const incompat = openDirectory(fs, work, incompatName);
    if (incompat === undefined) return;
    try {
      features = fs.listDirectory(incompat).names;
    } finally {
      fs.close(incompat);
    }
  } finally {
    fs.close(work);
  }
  const [feature] = features;
  if (feature === undefined) return;
  throw new UserError(
    'unclean-volatile',
    feature === volatileName
      ? 'the upper layer was last mounted volatile and was not unmounted: it may be damaged'
      : `the upper layer was last mounted with an unknown feature (${nameToText(feature)})`,
    {
      hint: `discard it, or, if you accept what it holds, remove work/${nameToText(incompatName)} in workdir`,
    },
  );
}

/**
 * A new directory that nobody else enters; what it inherits from its parent is dropped: the lists, and the setgid bit, with
 * which all that is made in it would get its group.
 */
function makeDirectory(fs: HostFs, parent: Fd, name: Name): Fd {
  fs.mkdirat(parent, name, 0o700);
  fs.findRemoveXattr(parent, name, aclDefault);
  fs.findRemoveXattr(parent, name, aclAccess);
  fs.fchmodat(parent, name, 0o700);
  return fs.openat2(parent, name, directoryFlags, 0, staysInside);
}

function openDirectory(fs: HostFs, parent: Fd, name: Name): Fd | undefined {
  if (!fs.findStatx(parent, name)) return undefined;
  try {
    return fs.openat2(parent, name, directoryFlags, 0, staysInside);
  } catch (error) {
    // Anything else than a directory is removed or refused by whoever makes one here.
    if (isFsError(error, 'ENOTDIR') || isFsError(error, 'ELOOP')) return undefined;
    if (!isFsError(error, 'EACCES')) throw error;
    // The kernel's overlayfs gives it mode 0; without capabilities its owner must first be let in.
    fs.fchmodat(parent, name, 0o700);
    return fs.openat2(parent, name, directoryFlags, 0, staysInside);
  }
}
