/**
 * Removes what a crash or an unlink left behind: whole trees, of any depth, with two descriptors. A
 * directory inside a tree is moved to the top before it is emptied, so no path gets long and
 * nothing recurses. It never follows a symbolic link and never leaves the file system that it began
 * on: what is mounted somewhere in the tree makes it fail with EBUSY or EXDEV, and stays whole.
 */
import { isFsError } from '../base/fs-error.ts';
import type { Fd } from '../base/ids.ts';
import type { Name } from '../base/name.ts';
import {
  AT_REMOVEDIR,
  DT_DIR,
  O_DIRECTORY,
  O_NOFOLLOW,
  O_RDONLY,
  RESOLVE_BENEATH,
  RESOLVE_NO_SYMLINKS,
  RESOLVE_NO_XDEV,
} from '../os/constants.ts';
import type { HostFs } from '../os/host-fs.ts';
import { renameToFree } from './renames.ts';
import { TempNames } from './temp-names.ts';

const staysInside = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV;

/** Removes (dir, name), whatever it is; nothing happens where nothing is. A crash leaves less of it. */
export function removeTree(fs: HostFs, dir: Fd, name: Name): void {
  if (tryUnlink(fs, dir, name)) return;
  const top = openDirectory(fs, dir, name);
  try {
    letIn(fs, dir, name, () => {
      emptyDirectory(fs, top);
    });
  } finally {
    fs.close(top);
  }
  fs.unlinkat(dir, name, AT_REMOVEDIR);
}

/** Removes everything in a directory, which must be open for reading. */
export function emptyDirectory(fs: HostFs, top: Fd): void {
  const temps = new TempNames('r');
  const pending: Name[] = [];
  unlinkContent(fs, top, (name) => {
    pending.push(name);
  });
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    const sub = openDirectory(fs, top, name);
    try {
      letIn(fs, top, name, () => {
        unlinkContent(fs, sub, (inner) => {
          letIn(fs, sub, inner, () => {
            pending.push(moveUp(fs, sub, inner, top, temps));
          });
        });
      });
    } finally {
      fs.close(sub);
    }
    fs.unlinkat(top, name, AT_REMOVEDIR);
  }
}

/** Unlinks what can be unlinked in `dir`, and hands on the names of directories that are not empty. */
function unlinkContent(fs: HostFs, dir: Fd, keep: (name: Name) => void): void {
  const { names, types } = fs.listDirectory(dir);
  for (let i = 0; i < names.length; i += 1) {
    const name = names[i];
    if (name === undefined) break;
    if (types[i] === DT_DIR ? !tryRmdir(fs, dir, name) : !tryUnlink(fs, dir, name)) keep(name);
  }
}

/** False for a directory that is not empty. */
function tryUnlink(fs: HostFs, dir: Fd, name: Name): boolean {
  try {
    fs.findUnlinkat(dir, name, 0);
    return true;
  } catch (error) {
    if (isFsError(error, 'EISDIR')) return tryRmdir(fs, dir, name);
    throw error;
  }
}

function tryRmdir(fs: HostFs, dir: Fd, name: Name): boolean {
  try {
    fs.findUnlinkat(dir, name, AT_REMOVEDIR);
    return true;
  } catch (error) {
    // Some file systems answer EEXIST: rmdir(2).
    if (isFsError(error, 'ENOTEMPTY') || isFsError(error, 'EEXIST')) return false;
    throw error;
  }
}

/** The name in `top` under which the directory lies then; an earlier clean-up may have left some there. */
function moveUp(fs: HostFs, dir: Fd, name: Name, top: Fd, temps: TempNames): Name {
  for (;;) {
    const temp = temps.next();
    try {
      renameToFree(fs, { dir, name }, { dir: top, name: temp });
      return temp;
    } catch (error) {
      if (!isFsError(error, 'EEXIST')) throw error;
    }
  }
}

/** Without capabilities, its owner must first be let in where it cannot be written. `act` can begin anew. */
function letIn(fs: HostFs, dir: Fd, name: Name, act: () => void): void {
  try {
    act();
  } catch (error) {
    if (!isFsError(error, 'EACCES')) throw error;
    fs.fchmodat(dir, name, 0o700);
    act();
  }
}

function openDirectory(fs: HostFs, dir: Fd, name: Name): Fd {
  const flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW;
  try {
    return fs.openat2(dir, name, flags, 0, staysInside);
  } catch (error) {
    // Without capabilities, its owner must first be let in: the kernel's overlayfs makes work with mode 0.
    if (!isFsError(error, 'EACCES')) throw error;
    fs.fchmodat(dir, name, 0o700);
    return fs.openat2(dir, name, flags, 0, staysInside);
  }
}
