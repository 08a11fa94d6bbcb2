/**
 * New objects in the upper: one system call that makes it with its owner and mode, so that a crash
 * shows it whole or not at all. Where a whiteout is in the way, the object is built in the work
 * directory and takes the whiteout's place by a rename. An error means that nothing was made.
 */
import { fsError, isFsError } from '../base/fs-error.ts';
import type { Fd } from '../base/ids.ts';
import type { Name } from '../base/name.ts';
import { aclAccess, aclDefault, inherit, type Inherited } from '../layer/acl.ts';
import { isAufsMetadata } from '../layer/aufs.ts';
import { setOpaque } from '../layer/opaque.ts';
import { exchange, renameToFree } from '../layer/renames.ts';
import {
  AT_REMOVEDIR,
  O_CREAT,
  O_EXCL,
  O_NOFOLLOW,
  O_RDWR,
  S_IFCHR,
  S_IFDIR,
  S_IFLNK,
  S_IFMT,
  S_IFREG,
  S_ISGID,
} from '../os/constants.ts';
import { st } from '../os/host-fs.ts';
import type { Attr } from '../vfs/attr.ts';
import type { Caller } from '../vfs/file-system.ts';
import { finishAttributes } from './attributes.ts';
import { afterwards } from './afterwards.ts';
import type { UnionCore } from './core.ts';
import { upperDirOf } from './copy-up.ts';
import { letIn } from './let-in.ts';
import { DirState, type Node } from './node.ts';
import { withoutSeal } from './object-flags.ts';
import { assumeCaller } from './ownership.ts';
import { noteAdded } from './readdir.ts';
import { Place, RealDir } from './real-dir.ts';
import { refuseNewName } from './seals.ts';
import { holdsNothing, willHold } from './upper-names.ts';
import { isUpperWhiteout } from './upper-whiteouts.ts';

/** What to make. */
export interface Recipe {
  /** Type and permissions. */
  readonly mode: number;
  readonly rdev: number;
  /** Of a symbolic link. */
  readonly target: Name | undefined;
}

/**
 * A new node, its attributes in `attr`; the open descriptor of a regular file is left with `core.data`.
 * EEXIST, EPERM for a whiteout.
 */
export function create(
  core: UnionCore,
  caller: Caller,
  parent: Node,
  name: Name,
  recipe: Recipe,
  attr: Attr,
): Node {
  const type = recipe.mode & S_IFMT;
  if (type === S_IFCHR && recipe.rdev === 0) throw fsError('EPERM');
  checkName(core, name);
  refuseNewName(parent);
  const inside = upperDirOf(core, parent);
  const fd = makeInPlace(core, caller, parent, inside, name, recipe, attr);
  const node = addNode(core, parent, inside, name, type, attr);
  if (fd !== undefined) core.data.adoptForWriting(node, fd);
  return node;
}

/** EINVAL for a name that would be a whiteout to whoever reads the upper as a layer. */
export function checkName(core: UnionCore, name: Name): void {
  if (core.features.aufs && isAufsMetadata(name)) throw fsError('EINVAL');
}

function makeInPlace(
  core: UnionCore,
  caller: Caller,
  parent: Node,
  inside: RealDir,
  name: Name,
  recipe: Recipe,
  attr: Attr,
): Fd | undefined {
  const dir = core.dirs.fd(inside);
  willHold(inside, name);
  if (core.features.ownersApart === true) {
    const place = core.fs.findStatx(dir, name) ? whatIsThere(core, inside, name) : 'free';
    return makeInWork(core, caller, parent, inside, name, recipe, attr, place);
  }
  assumeCaller(core, caller, { umask: caller.umask });
  let fd: Fd | undefined;
  let isTaken = false;
  try {
    fd = make(core, dir, name, recipe, recipe.mode & 0o7777);
  } catch (thrown) {
    if (!isFsError(thrown, 'EEXIST')) throw thrown;
    isTaken = true;
  } finally {
    core.fs.assumeNone();
  }
  if (isTaken) {
    core.fs.statx(dir, name);
    return makeInWork(core, caller, parent, inside, name, recipe, attr, whatIsThere(core, inside, name));
  }
  try {
    core.fs.statx(dir, name, attr.buffer, attr.offset);
  } catch (thrown) {
    unmake(core, dir, name, recipe, fd);
    throw thrown;
  }
  return fd;
}

/** Takes away what was made just now, of which nobody knows. */
function unmake(core: UnionCore, dir: Fd, name: Name, recipe: Recipe, fd: Fd | undefined): void {
  if (fd !== undefined) core.fs.close(fd);
  core.fs.findUnlinkat(dir, name, (recipe.mode & S_IFMT) === S_IFDIR ? AT_REMOVEDIR : 0);
}

function make(core: UnionCore, dir: Fd, name: Name, recipe: Recipe, mode: number): Fd | undefined {
  const { fs } = core;
  switch (recipe.mode & S_IFMT) {
    case S_IFREG:
      return fs.openat(dir, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, mode);
    case S_IFDIR:
      fs.mkdirat(dir, name, mode);
      return undefined;
    case S_IFLNK:
      fs.symlinkat(recipe.target as Name, dir, name);
      return undefined;
    default:
      fs.mknodat(dir, name, (recipe.mode & S_IFMT) | mode, recipe.rdev);
      return undefined;
  }
}

/** What `core.fs.stat` tells: EEXIST unless it is a whiteout. */
function whatIsThere(core: UnionCore, inside: RealDir, name: Name): 'whiteout' {
  if (!isUpperWhiteout(core, inside, name)) throw fsError('EEXIST');
  return 'whiteout';
}

/** The work directory has neither the setgid bit nor the default ACL of the parent: both are applied here. */
function makeInWork(
  core: UnionCore,
  caller: Caller,
  parent: Node,
  inside: RealDir,
  name: Name,
  recipe: Recipe,
  attr: Attr,
  place: 'whiteout' | 'free',
): Fd | undefined {
  const { fs } = core;
  const work = core.dirs.at(core.workDir());
  const temp = core.temps.next();
  const isDirectory = (recipe.mode & S_IFMT) === S_IFDIR;
  const heritage = inherited(core, caller, inside, recipe);
  assumeCaller(core, caller, { umask: 0, gid: heritage.gid });
  let fd: Fd | undefined;
  try {
    fd = make(core, work, temp, recipe, heritage.mode & 0o7777);
  } finally {
    fs.assumeNone();
  }
  try {
    // mkdir(2) takes no setgid bit.
    if (isDirectory && (heritage.mode & S_ISGID) !== 0) fs.fchmodat(work, temp, heritage.mode & 0o7777);
    if (heritage.access !== undefined) fs.setXattr(work, temp, aclAccess, heritage.access, 0);
    if (heritage.default !== undefined) fs.setXattr(work, temp, aclDefault, heritage.default, 0);
    fs.statx(work, temp, attr.buffer, attr.offset);
    const to = { dir: core.dirs.fd(inside), name };
    if (place === 'free') {
      letIn(core, [{ dir: work, name: temp, to }], () => {
        renameToFree(fs, { dir: work, name: temp }, to);
      });
    } else if (isDirectory) {
      withoutSeal(core, parent, () => {
        letIn(core, [{ dir: work, name: temp, to }], () => {
          if ((parent.dir?.lowers.length ?? 0) > 0) setOpaque(fs, work, temp, core.names);
          exchange(fs, { dir: work, name: temp }, to, { dir: work, name: core.temps.next() });
        });
      });
      afterwards(core, () => {
        fs.unlinkat(work, temp, 0);
      });
    } else {
      withoutSeal(core, parent, () => {
        fs.renameat2(work, temp, to.dir, to.name, 0);
      });
    }
  } catch (thrown) {
    unmake(core, work, temp, recipe, fd);
    throw thrown;
  }
  // It differs by the time of its change.
  afterwards(core, () => {
    fs.statx(core.dirs.fd(inside), name, attr.buffer, attr.offset);
  });
  return fd;
}

interface Heritage extends Inherited {
  /** On disk; undefined: the caller's. */
  readonly gid: number | undefined;
}

function inherited(core: UnionCore, caller: Caller, inside: RealDir, recipe: Recipe): Heritage {
  const isDirectory = (recipe.mode & S_IFMT) === S_IFDIR;
  core.fs.statx(core.at(inside), inside.name);
  const setgid = ((core.fs.stat[st.mode] ?? 0) & S_ISGID) !== 0;
  const gid = setgid ? core.fs.stat[st.gid] : undefined;
  const mode = setgid && isDirectory ? recipe.mode | S_ISGID : recipe.mode;
  if ((recipe.mode & S_IFMT) === S_IFLNK) return { mode, gid };
  const list = core.fs.findXattr(core.at(inside), inside.name, aclDefault);
  if (list === undefined) return { mode: mode & ~caller.umask, gid };
  return { ...inherit(list, mode, isDirectory), gid };
}

function addNode(core: UnionCore, parent: Node, inside: RealDir, name: Name, type: number, attr: Attr): Node {
  const node = core.nodes.add(type, parent, name);
  node.hasNoCapability = true;
  core.setIno(node, inside, attr.inoLow, attr.inoHigh);
  if (type === S_IFDIR) {
    const real = new RealDir(inside.layer, inside, name);
    holdsNothing(real);
    node.upper = real;
    node.dir = new DirState(real, [], false);
    node.dir.impure = false;
    node.dir.madeHere = true;
  } else {
    node.upper = new Place(inside.layer, inside, name);
  }
  finishAttributes(core, node, attr);
  noteAdded(core, parent, node, name);
  return node;
}
