/**
 * What is wrong with a mount before anything is touched: each finding is a UserError that says what to do.
 * All of it can change the moment after; the engine and the kernel check again what matters for safety.
 */
import { isFsError } from '../base/fs-error.ts';
import { nameToText, type Name } from '../base/name.ts';
import { UserError } from '../base/user-error.ts';
import { checkReadable, checkWritable, directoryFacts, type DirectoryFacts } from '../os/directory-facts.ts';
import { pathInFileSystem, readMounts, restBelow, type MountEntry } from '../os/mountinfo.ts';
import type { LayerPaths } from './mount-spec.ts';

/**
 * Answers where the mount point really is. UserError `missing-mount-point`, `bad-mount-point`,
 * `dead-mount`, `no-permission`.
 */
export function checkMountPoint(path: Name): DirectoryFacts {
  const shown = nameToText(path);
  // So mount.fuse3 hands over a mount that it has made itself.
  const isDescriptor = /^\/dev\/fd\/\d+$/.test(shown);
  const instead = 'a mount that mount.fuse3 has made is not taken over: leave out drop_privileges';
  return explained(path, 'mount point', {
    missing: () =>
      new UserError('missing-mount-point', `the mount point ${shown} does not exist`, {
        hint: isDescriptor ? instead : `create it: mkdir -p ${quoted(shown)}`,
      }),
    notDirectory: () =>
      new UserError('bad-mount-point', `the mount point ${shown} is not a directory`, {
        hint: isDescriptor ? instead : 'mount on a directory',
      }),
  });
}

/**
 * Answers the same layers without symbolic links and dots in their paths. UserError `missing-layer`, `bad-layer`, `dead-mount`, `no-permission`, `different-file-systems`,
 * `different-mounts`, `nested-upper`, `written-lower`, `unwritable-upper`, `unwritable-work`.
 */
export function checkLayers(layers: LayerPaths): LayerPaths {
  const facts = (path: Name): DirectoryFacts => layerFacts(path, 'lower layer');
  const found = { lower: layers.lower.map(facts), dataOnly: layers.dataOnly.map(facts) };
  layers.lower.forEach(readable);
  const lowers = {
    lower: found.lower.map(({ realPath }) => realPath),
    dataOnly: found.dataOnly.map(({ realPath }) => realPath),
  };
  if (layers.upper === undefined || layers.work === undefined) return { ...layers, ...lowers };
  const upper = layerFacts(layers.upper, 'upper directory');
  const work = layerFacts(layers.work, 'work directory');
  if (upper.device !== work.device) {
    throw new UserError(
      'different-file-systems',
      `the upper directory ${nameToText(layers.upper)} and the work directory ${nameToText(layers.work)} are on different file systems`,
      { hint: 'files are renamed from one to the other, so make workdir a directory beside upperdir' },
    );
  }
  if (isInside(upper, work) || isInside(work, upper)) {
    throw new UserError(
      'nested-upper',
      `the upper directory ${nameToText(layers.upper)} and the work directory ${nameToText(layers.work)} lie one inside the other`,
      { hint: 'make workdir a directory beside upperdir' },
    );
  }
  // As the kernel's overlayfs (fs/overlayfs/super.c, ovl_get_workdir): rename(2) goes from one mount to no other.
  if (upper.mountId !== work.mountId) {
    throw new UserError(
      'different-mounts',
      `the upper directory ${nameToText(layers.upper)} and the work directory ${nameToText(layers.work)} are on different mounts`,
      { hint: 'bind-mount one directory that holds both, or make workdir a directory beside upperdir' },
    );
  }
  refuseWritten({ upper, work }, [...found.lower, ...found.dataOnly]);
  writable(layers.upper, 'upper');
  writable(layers.work, 'work');
  return { ...lowers, upper: upper.realPath, work: work.realPath };
}

/**
 * A lower that is the upper, or lies in it, would be written with it (the kernel's overlayfs refuses it, too, with
 * ELOOP). An upper inside a lower is what `lowerdir=/` has.
 */
function refuseWritten(
  { upper, work }: { readonly upper: DirectoryFacts; readonly work: DirectoryFacts },
  lowers: readonly DirectoryFacts[],
): void {
  // What another mount shows of the same file system only the table of mounts tells.
  const mounts = lowers.every(({ mountId }) => mountId === upper.mountId) ? [] : readMounts();
  for (const lower of lowers) {
    const isIn = (other: DirectoryFacts): boolean =>
      isInside(lower, other) || isShownFromInside(lower, other, mounts);
    const what = isIn(upper) ? 'upper' : isIn(work) ? 'work' : undefined;
    if (what === undefined) continue;
    throw new UserError(
      'written-lower',
      `the lower layer ${nameToText(lower.realPath)} is, or lies in, the ${what} directory`,
      { hint: 'a lower layer must stay as it is: choose another, or another upperdir and workdir' },
    );
  }
}

function isInside(one: DirectoryFacts, other: DirectoryFacts): boolean {
  if (one.device === other.device && one.inode === other.inode) return true;
  return restBelow(other.realPath, one.realPath) !== undefined;
}

/** The same where `one` is reached by another mount, a bind mount above all. */
function isShownFromInside(
  one: DirectoryFacts,
  other: DirectoryFacts,
  mounts: readonly MountEntry[],
): boolean {
  const [mount, otherMount] = [one, other].map(({ mountId }) => mounts.find(({ id }) => id === mountId));
  if (mount === undefined || otherMount?.device !== mount.device) return false;
  const path = pathInFileSystem(mount, one.realPath);
  const otherPath = pathInFileSystem(otherMount, other.realPath);
  return path !== undefined && otherPath !== undefined && restBelow(otherPath, path) !== undefined;
}

function layerFacts(path: Name, what: string): DirectoryFacts {
  const shown = nameToText(path);
  return explained(path, what, {
    missing: () =>
      new UserError('missing-layer', `the ${what} ${shown} does not exist`, {
        hint: 'create it, or correct its path (a colon or comma in a path is written \\: or \\,)',
      }),
    notDirectory: () =>
      new UserError('bad-layer', `the ${what} ${shown} is not a directory`, {
        hint: 'a layer is a directory',
      }),
  });
}

function readable(path: Name): void {
  try {
    checkReadable(path);
  } catch (cause) {
    if (!isFsError(cause, 'EACCES') && !isFsError(cause, 'EPERM')) throw cause;
    throw new UserError('no-permission', `no permission for the lower layer ${nameToText(path)}`, {
      hint: 'mount as a user who may read it',
      cause,
    });
  }
}

function writable(path: Name, what: 'upper' | 'work'): void {
  try {
    checkWritable(path);
  } catch (cause) {
    const reason = isFsError(cause, 'EROFS') ? 'is on a read-only file system' : 'cannot be written';
    throw new UserError(`unwritable-${what}`, `the ${what} directory ${nameToText(path)} ${reason}`, {
      hint: 'choose another, or leave out upperdir and workdir for a read-only mount',
      cause,
    });
  }
}

interface Explanations {
  missing(): UserError;
  notDirectory(): UserError;
}

function explained(path: Name, what: string, explanations: Explanations): DirectoryFacts {
  try {
    return directoryFacts(path);
  } catch (thrown) {
    if (isFsError(thrown, 'ENOENT')) throw explanations.missing();
    if (isFsError(thrown, 'ENOTDIR')) throw explanations.notDirectory();
    const shown = nameToText(path);
    // What a FUSE mount answers whose server has ended.
    if (isFsError(thrown, 'ENOTCONN')) {
      throw new UserError('dead-mount', `the ${what} ${shown} is a mount whose server is gone`, {
        hint: `take it away: umount ${quoted(shown)}`,
        cause: thrown,
      });
    }
    if (isFsError(thrown, 'EACCES') || isFsError(thrown, 'EPERM')) {
      throw new UserError('no-permission', `no permission for the ${what} ${shown}`, {
        hint: 'mount as a user who may search its parents',
        cause: thrown,
      });
    }
    throw thrown;
  }
}

function quoted(path: string): string {
  return /^[\w./@%+=:,-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`;
}
