/**
 * Whiteouts: a name in a layer that says "nothing here, whatever lies below". The usual form is a
 * character device 0/0. The other is an empty regular file with an attribute, sought among all names of a directory
 * only where its opaque mark is `x` (fs/overlayfs/util.c, `ovl_path_check_xwhiteout_xattr`). It is made where the file
 * system takes no such device: one in a union, ours or the kernel's, where that would be a whiteout of the union itself.
 */
import { errno } from '../base/errno.ts';
import { FsError, fsError, isFsError } from '../base/fs-error.ts';
import type { Fd } from '../base/ids.ts';
import { asName, type Name } from '../base/name.ts';
import { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY, S_IFCHR, S_IFMT, S_IFREG } from '../os/constants.ts';
import { st, type HostFs } from '../os/host-fs.ts';
import { findOwnXattr } from './own-xattr.ts';
import { exchange, renameToFree } from './renames.ts';
import { TempNames } from './temp-names.ts';
import type { OverlayNames } from './xattr-names.ts';

const yes = Buffer.from('y');
const self = asName('');

/**
 * Says on the root of a layer that whiteouts anywhere in it may be files. For that it has the attribute of one, which means nothing
 * on a directory: opaque marks have to say something else at times.
 */
export function noteXattrWhiteouts(fs: HostFs, root: Fd, names: OverlayNames): void {
  if (!notesXattrWhiteouts(fs, root, names)) fs.setXattr(root, self, names.whiteout, yes, 0);
}

export function dropNoteOfXattrWhiteouts(fs: HostFs, root: Fd, names: OverlayNames): void {
  fs.findRemoveXattr(root, self, names.whiteout);
}

export function notesXattrWhiteouts(fs: HostFs, root: Fd, names: OverlayNames): boolean {
  return hasWhiteoutMark(fs, root, self, names);
}

/** The forms in the order in which they are tried. */
const forms = ['device', 'xattr'] as const;

export type WhiteoutForm = (typeof forms)[number];

/** Errors by which a file system says that it does not take a form. */
const refusals: ReadonlySet<number> = new Set([errno.EPERM, errno.EOPNOTSUPP, errno.ENOENT]);

/** Whether what `statx` found is a whiteout in the form of a device: `stat` as in `HostFs.stat`. */
export function isWhiteoutStat(stat: Float64Array): boolean {
  return ((stat[st.mode] ?? 0) & S_IFMT) === S_IFCHR && stat[st.rdev] === 0;
}

/** Whether (dir, name), which `fs.stat` tells of, is a whiteout in either form. Leaves `fs.stat` alone. */
export function isWhiteoutAt(fs: HostFs, dir: Fd, name: Name, names: OverlayNames): boolean {
  return isWhiteoutStat(fs.stat) || isXattrWhiteout(fs, dir, name, names);
}

/** The same for the form of a file. */
export function isXattrWhiteout(fs: HostFs, dir: Fd, name: Name, names: OverlayNames): boolean {
  return isEmptyFileStat(fs.stat) && hasWhiteoutMark(fs, dir, name, names);
}

/** Whether what `statx` found can be a whiteout in the form of a file. */
export function isEmptyFileStat(stat: Float64Array): boolean {
  return ((stat[st.mode] ?? 0) & S_IFMT) === S_IFREG && stat[st.size] === 0;
}

/** Whether an empty regular file is one. Leaves `fs.stat` alone. */
export function hasWhiteoutMark(fs: HostFs, dir: Fd, name: Name, names: OverlayNames): boolean {
  return findOwnXattr(fs, dir, name, names.whiteout, names) !== undefined;
}

/** Makes one in the form of a file, in two steps: where others look, it is brought by a link or a rename. */
function makeXattrWhiteout(fs: HostFs, dir: Fd, name: Name, names: OverlayNames): void {
  // Attributes of `user` are read and set only by who may read and write the file.
  fs.close(fs.openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600));
  try {
    fs.setXattr(dir, name, names.whiteout, yes, 0);
  } catch (error) {
    fs.findUnlinkat(dir, name, 0);
    throw error;
  }
}

/**
 * Makes one at (dir, name), where nothing is, in a layer that nobody looks at yet. One in the form of a file needs the mark
 * of `expectXattrWhiteouts` on its directory, too. EPERM where the file system takes neither form.
 */
export function putWhiteout(fs: HostFs, dir: Fd, name: Name, names: OverlayNames): WhiteoutForm {
  try {
    fs.mknodat(dir, name, S_IFCHR, 0);
    return 'device';
  } catch (error) {
    if (!isFsError(error, 'EPERM')) throw error;
    try {
      makeXattrWhiteout(fs, dir, name, names);
    } catch (second) {
      throw isFsError(second, 'EOPNOTSUPP') ? error : second;
    }
    return 'xattr';
  }
}

/**
 * Makes whiteouts in an upper. They all are links to one inode, which lies in the work directory: a
 * link costs no inode, and deleting a tree of ten thousand files needs one. Every method is one atomic
 * step as others see it. The kernel's overlayfs does the same (fs/overlayfs/dir.c, `ovl_whiteout`).
 */
export class WhiteoutMaker {
  readonly #fs: HostFs;
  readonly #work: Fd;
  readonly #names: OverlayNames;
  readonly #temps = new TempNames('w');
  #shared: Name | undefined;
  /** Once a link was refused for good, every whiteout is an inode of its own. */
  #canLink = true;
  #form: WhiteoutForm | 'none' = 'device';

  /** `work`: a directory on the upper's file system that is emptied at every mount. */
  constructor(fs: HostFs, work: Fd, names: OverlayNames) {
    this.#fs = fs;
    this.#work = work;
    this.#names = names;
  }

  /**
   * Makes one and removes it, to find out which form the file system takes. `none`: nothing below can be removed (EPERM). What
   * fails for want of room or the like says nothing of the form.
   */
  tryOut(): WhiteoutForm | 'none' {
    for (const form of forms) {
      this.#form = form;
      if (this.#isTaken()) return form;
    }
    this.#form = 'none';
    return 'none';
  }

  get form(): WhiteoutForm | 'none' {
    return this.#form;
  }

  #isTaken(): boolean {
    const name = this.#temps.next();
    try {
      this.#make(this.#work, name);
      // fuse-overlayfs takes the device for a whiteout of its own, and keeps no attribute of this name.
      const isThere =
        this.#fs.findStatx(this.#work, name) && isWhiteoutAt(this.#fs, this.#work, name, this.#names);
      this.#fs.findUnlinkat(this.#work, name, 0);
      return isThere;
    } catch (error) {
      if (!(error instanceof FsError)) throw error;
      return !refusals.has(error.errno);
    }
  }

  /** Publishes a whiteout at (dir, name), where nothing is: EEXIST otherwise. */
  linkTo(dir: Fd, name: Name): void {
    if (this.#canLink && this.#link(dir, name)) return;
    if (this.#form !== 'xattr') {
      this.#make(dir, name);
      return;
    }
    const temp = this.#temps.next();
    this.#make(this.#work, temp);
    try {
      renameToFree(this.#fs, { dir: this.#work, name: temp }, { dir, name });
    } catch (error) {
      this.#fs.findUnlinkat(this.#work, temp, 0);
      throw error;
    }
  }

  /** Puts a whiteout in the place of a non-directory, which thereby loses this name. EISDIR for a directory. */
  replace(dir: Fd, name: Name): void {
    const temp = this.prepare();
    try {
      this.#fs.renameat2(this.#work, temp, dir, name, 0);
    } catch (error) {
      this.#fs.findUnlinkat(this.#work, temp, 0);
      throw error;
    }
    // rename(2) between two links of one inode succeeds and does nothing: then `temp` is still there.
    try {
      this.#fs.findUnlinkat(this.#work, temp, 0);
    } catch (error) {
      // The whiteout stands; what is left in the work directory goes at the next mount.
      if (!(error instanceof FsError)) throw error;
    }
  }

  /**
   * Swaps what lies at (dir, name), a directory usually, with a whiteout. Returns the name in the work
   * directory under which the old object now lies, for the caller to remove.
   */
  exchange(dir: Fd, name: Name): Name {
    const temp = this.prepare();
    try {
      const aside = { dir: this.#work, name: this.#temps.next() };
      exchange(this.#fs, { dir: this.#work, name: temp }, { dir, name }, aside);
    } catch (error) {
      this.#fs.findUnlinkat(this.#work, temp, 0);
      throw error;
    }
    return temp;
  }

  /** The name of a new one in the work directory. */
  prepare(): Name {
    const temp = this.#temps.next();
    this.linkTo(this.#work, temp);
    return temp;
  }

  #make(dir: Fd, name: Name): void {
    if (this.#form === 'none') throw fsError('EPERM');
    // Linux 5.8 and later let anybody make this one device.
    if (this.#form === 'device') this.#fs.mknodat(dir, name, S_IFCHR, 0);
    else makeXattrWhiteout(this.#fs, dir, name, this.#names);
  }

  /** False where a link is not possible and an inode of its own must do. */
  #link(dir: Fd, name: Name): boolean {
    // The second turn is for a shared inode that is full (EMLINK) or that somebody has removed (ENOENT).
    for (let turn = 0; turn < 2; turn += 1) {
      this.#shared ??= this.#makeShared();
      try {
        this.#fs.linkat(this.#work, this.#shared, dir, name);
        return true;
      } catch (error) {
        if (!(error instanceof FsError)) throw error;
        if (error.errno === errno.EMLINK || (error.errno === errno.ENOENT && turn === 0)) {
          this.#shared = undefined;
        } else if (error.errno === errno.EXDEV) {
          // A project quota of its own on this one directory: links into it are refused.
          return false;
        } else if (error.errno === errno.EPERM || error.errno === errno.EOPNOTSUPP) {
          this.#canLink = false;
          return false;
        } else {
          throw error;
        }
      }
    }
    return false;
  }

  #makeShared(): Name {
    const name = this.#temps.next();
    this.#make(this.#work, name);
    return name;
  }
}
