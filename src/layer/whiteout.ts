/**
 * Whiteouts: a name in a layer that says "nothing here, whatever lies below". The usual form is a
 * character device 0/0. The other, made by the kernel's overlayfs inside another one, is an empty
 * regular file with an attribute, never honoured in an upper, and sought among all names of a directory only
 * where its opaque mark is `x` (fs/overlayfs/util.c, `ovl_path_check_xwhiteout_xattr`). We make the first form only.
 */
import { errno } from '../base/errno.ts';
import { FsError } from '../base/fs-error.ts';
import type { Fd } from '../base/ids.ts';
import type { Name } from '../base/name.ts';
import { S_IFCHR, S_IFMT, S_IFREG } from '../os/constants.ts';
import { st, type HostFs } from '../os/host-fs.ts';
import { findOwnXattr } from './own-xattr.ts';
import { exchange } from './renames.ts';
import { TempNames } from './temp-names.ts';
import type { OverlayNames } from './xattr-names.ts';

/** Whether what `statx` found is a whiteout: `stat` as in `HostFs.stat`. */
export function isWhiteoutStat(stat: Float64Array): boolean {
  return ((stat[st.mode] ?? 0) & S_IFMT) === S_IFCHR && stat[st.rdev] === 0;
}

/**
 * Whether (dir, name) is an empty regular file that is marked as a whiteout. Ask only in a directory
 * of a lower layer whose `readOpaque` says `xattrs`. Overwrites `fs.stat`.
 */
export function isXattrWhiteout(fs: HostFs, dir: Fd, name: Name, names: OverlayNames): boolean {
  if (!fs.findStatx(dir, name)) return false;
  const { stat } = fs;
  if (((stat[st.mode] ?? 0) & S_IFMT) !== S_IFREG || stat[st.size] !== 0) return false;
  return hasWhiteoutMark(fs, dir, name, names);
}

/** The same for what is known to be an empty regular file. Leaves `fs.stat` alone. */
export function hasWhiteoutMark(fs: HostFs, dir: Fd, name: Name, names: OverlayNames): boolean {
  return findOwnXattr(fs, dir, name, names.whiteout, names) !== undefined;
}

/**
 * Makes whiteouts in an upper. They all are links to one inode, which lies in the work directory: a
 * link costs no inode, and deleting a tree of ten thousand files needs one. Every method is one atomic
 * step as others see it. The kernel's overlayfs does the same (fs/overlayfs/dir.c, `ovl_whiteout`).
 */
export class WhiteoutMaker {
  readonly #fs: HostFs;
  readonly #work: Fd;
  readonly #temps = new TempNames('w');
  #shared: Name | undefined;
  /** Once a link was refused for good, every whiteout is an inode of its own. */
  #canLink = true;

  /** `work`: a directory on the upper's file system that is emptied at every mount. */
  constructor(fs: HostFs, work: Fd) {
    this.#fs = fs;
    this.#work = work;
  }

  /**
   * Makes one and removes it. False where the file system takes none (EPERM): nothing below can be removed then. Whatever else fails
   * says nothing of that.
   */
  tryOut(): boolean {
    const name = this.#temps.next();
    try {
      this.#fs.mknodat(this.#work, name, S_IFCHR, 0);
      this.#fs.findUnlinkat(this.#work, name, 0);
    } catch (error) {
      if (!(error instanceof FsError)) throw error;
      return error.errno !== errno.EPERM;
    }
    return true;
  }

  /** Publishes a whiteout at (dir, name), where nothing is: EEXIST otherwise. */
  linkTo(dir: Fd, name: Name): void {
    if (this.#canLink && this.#link(dir, name)) return;
    // Linux 5.8 and later let anybody make this one device.
    this.#fs.mknodat(dir, name, S_IFCHR, 0);
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
    this.#fs.mknodat(this.#work, name, S_IFCHR, 0);
    return name;
  }
}
