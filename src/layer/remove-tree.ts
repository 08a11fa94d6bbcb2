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
  runAll(removingTree(fs, dir, name));
}

/** Removes everything in a directory, which must be open for reading. */
export function emptyDirectory(fs: HostFs, top: Fd): void {
  runAll(emptying(fs, top));
}

/** A removal that can rest after each name. It must be run to its end, or ended by `return()`, which leaves the rest. */
export type Removal = Generator<undefined, void, undefined>;

/** `removeTree` in steps. `dir` is in use until the end. */
export function* removingTree(fs: HostFs, dir: Fd, name: Name): Removal {
  if (tryUnlink(fs, dir, name)) return;
  const top = openDirectory(fs, dir, name);
  try {
    yield* lettingIn(fs, dir, name, () => emptying(fs, top));
  } finally {
    fs.close(top);
  }
  fs.unlinkat(dir, name, AT_REMOVEDIR);
}

/** `emptyDirectory` in steps. */
export function* emptying(fs: HostFs, top: Fd): Removal {
  const temps = new TempNames('r');
  const pending: Name[] = [];
  yield* unlinkingContent(fs, top, (name) => {
    pending.push(name);
  });
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    const sub = openDirectory(fs, top, name);
    const takeUp = (inner: Name): void => {
      letIn(fs, sub, inner, () => {
        pending.push(moveUp(fs, sub, inner, top, temps));
      });
    };
    try {
      yield* lettingIn(fs, top, name, () => unlinkingContent(fs, sub, takeUp));
    } finally {
      fs.close(sub);
    }
    fs.unlinkat(top, name, AT_REMOVEDIR);
  }
}

function runAll(removal: Removal): void {
  while (removal.next().done !== true);
}

/** Unlinks what can be unlinked in `dir`, and hands on the names of directories that are not empty. */
function* unlinkingContent(fs: HostFs, dir: Fd, keep: (name: Name) => void): Removal {
  const { names, types } = fs.listDirectory(dir);
  for (let i = 0; i < names.length; i += 1) {
    const name = names[i];
    if (name === undefined) break;
    if (types[i] === DT_DIR ? !tryRmdir(fs, dir, name) : !tryUnlink(fs, dir, name)) keep(name);
    yield;
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

/** The same for what is done in steps. */
function* lettingIn(fs: HostFs, dir: Fd, name: Name, act: () => Removal): Removal {
  try {
    yield* act();
  } catch (error) {
    if (!isFsError(error, 'EACCES')) throw error;
    fs.fchmodat(dir, name, 0o700);
    yield* act();
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
