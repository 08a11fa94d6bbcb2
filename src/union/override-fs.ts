/**
 * The system for layers that keep owners, modes and types in attributes (`layer/override-stat.ts`): the calls of
 * `RealFs`, which tell and change what the attribute says instead of what the inode is. What is made in such a layer
 * belongs to the server, and its owner may do everything with it, so that the server can go on whatever the mode
 * is said to be; nothing is ever setuid on the disk. How a layer is kept is known of its root, and handed down from
 * directory to what is opened in it. A new object takes two calls: the engine builds it in work.
 */
import { fsError, isFsError } from '../base/fs-error.ts';
import type { Fd } from '../base/ids.ts';
import { asName, type Name } from '../base/name.ts';
import { aclAccess, aclWithMode, modeOfAcl } from '../layer/acl.ts';
import {
  formatOverride,
  nameBehindOverride,
  overrideNameOf,
  parseOverride,
  type Override,
  type OverrideFormat,
  type WholeOverride,
} from '../layer/override-stat.ts';
import {
  AT_REMOVEDIR,
  DT_REG,
  O_EXCL,
  O_TMPFILE,
  S_IFBLK,
  S_IFCHR,
  S_IFDIR,
  S_IFLNK,
  S_IFMT,
  S_IFREG,
  STATX_ATTR_MOUNT_ROOT,
  XATTR_CREATE,
} from '../os/constants.ts';
import { st, type FileHandle, type RawListing } from '../os/host-fs.ts';
import { RealFs } from '../os/real-fs.ts';
import { Attr } from '../vfs/attr.ts';

export interface OverriddenLayers {
  /** How the layers are kept, by the paths of their roots; that of the work directory as its upper. */
  readonly formats: ReadonlyMap<Name, OverrideFormat>;
  /** What is made is made in such a layer. */
  readonly writes: boolean;
  /**
   * `user.*` attributes can make devices. On a mount that lets devices be used, who set the attribute on a layer
   * could otherwise use any.
   */
  readonly believesDevices: boolean;
}

type Maker = Readonly<Record<'uid' | 'gid' | 'umask', number>>;

const itself = asName('');

export class OverrideFs extends RealFs {
  readonly #layers: OverriddenLayers;
  /** By descriptor. */
  readonly #formats = new Map<Fd, OverrideFormat>();
  readonly #attr = new Attr();
  #maker: Maker | undefined;

  constructor(layers: OverriddenLayers) {
    super();
    this.#layers = layers;
  }

  /** `root` is that of the layer, or the work directory, at `path`. */
  enterLayer(root: Fd, path: Name): void {
    const format = this.#layers.formats.get(path);
    if (format !== undefined) this.#formats.set(root, format);
  }

  override openat(dir: Fd, path: Name, flags: number, mode: number): Fd {
    const format = this.#formats.get(dir);
    const isNameless = (flags & O_TMPFILE) === O_TMPFILE;
    if (format === undefined || !(isNameless || (flags & O_EXCL) !== 0)) {
      return this.#handDown(format, super.openat(dir, path, flags, mode));
    }
    const fd = this.#handDown(format, super.openat(dir, path, flags, modeOnDisk(mode)));
    try {
      this.#sayMade(format, fd, itself, { mode, type: S_IFREG, rdev: 0 });
    } catch (thrown) {
      this.close(fd);
      if (!isNameless) super.findUnlinkat(dir, path, 0);
      throw thrown;
    }
    return fd;
  }

  override findOpenat(dir: Fd, path: Name, flags: number): Fd | undefined {
    const fd = super.findOpenat(dir, path, flags);
    return fd === undefined ? undefined : this.#handDown(this.#formats.get(dir), fd);
  }

  override openat2(dir: Fd, path: Name, flags: number, mode: number, resolve: number): Fd {
    return this.#handDown(this.#formats.get(dir), super.openat2(dir, path, flags, mode, resolve));
  }

  override reopen(fd: Fd, flags: number): Fd {
    return this.#handDown(this.#formats.get(fd), super.reopen(fd, flags));
  }

  override findOpenByHandle(mount: Fd, handle: FileHandle): Fd | undefined {
    const fd = super.findOpenByHandle(mount, handle);
    return fd === undefined ? undefined : this.#handDown(this.#formats.get(mount), fd);
  }

  override close(fd: Fd): void {
    this.#formats.delete(fd);
    super.close(fd);
  }

  override closeApart(fd: Fd): void {
    this.#formats.delete(fd);
    super.closeApart(fd);
  }

  override closeWritten(fd: Fd): void {
    this.#formats.delete(fd);
    super.closeWritten(fd);
  }

  override statx(dir: Fd, name: Name, block?: Buffer, offset?: number): void {
    super.statx(dir, name, block, offset);
    this.#show(dir, name, block, offset);
  }

  override findStatx(dir: Fd, name: Name, block?: Buffer, offset?: number): boolean {
    if (!super.findStatx(dir, name, block, offset)) return false;
    this.#show(dir, name, block, offset);
    return true;
  }

  override findStatxApart(dir: Fd, name: Name, block?: Buffer, offset?: number): boolean {
    if (!super.findStatxApart(dir, name, block, offset)) return false;
    // Whoever serves what is mounted there is not asked: it may be this process.
    const isMount = ((this.stat[st.attributes] ?? 0) & STATX_ATTR_MOUNT_ROOT) !== 0;
    if (!isMount) this.#show(dir, name, block, offset);
    return true;
  }

  /** A regular file may be something else: each is asked. */
  override listDirectory(fd: Fd): RawListing {
    const listing = super.listDirectory(fd);
    const format = this.#formats.get(fd);
    if (format?.forAnyone !== true) return listing;
    for (const [i, name] of listing.names.entries()) {
      if (listing.types[i] !== DT_REG) continue;
      const said = this.#find(format, fd, name);
      if (said !== undefined) listing.types[i] = this.#typeOf(S_IFREG, said) >>> 12;
    }
    return listing;
  }

  override mkdirat(dir: Fd, name: Name, mode: number): void {
    const format = this.#formats.get(dir);
    if (format === undefined) {
      super.mkdirat(dir, name, mode);
      return;
    }
    super.mkdirat(dir, name, modeOnDisk(mode));
    // mkdir(2) knows the sticky bit and no other.
    this.#sayMadeOrUnmake(format, dir, name, { mode: mode & 0o1777, type: S_IFDIR, rdev: 0 });
  }

  override mknodat(dir: Fd, name: Name, mode: number, rdev: number): void {
    const format = this.#formats.get(dir);
    const type = mode & S_IFMT;
    // A whiteout is one.
    if (format === undefined || (type === S_IFCHR && rdev === 0)) {
      super.mknodat(dir, name, mode, rdev);
    } else if (type === S_IFREG || format.forAnyone) {
      super.mknodat(dir, name, S_IFREG | modeOnDisk(mode), 0);
      const isDevice = type === S_IFCHR || type === S_IFBLK;
      this.#sayMadeOrUnmake(format, dir, name, { mode, type, rdev: isDevice ? rdev : 0 });
    } else {
      super.mknodat(dir, name, mode & ~(this.#maker?.umask ?? 0), rdev);
      this.#giveToMaker(dir, name);
    }
  }

  override symlinkat(target: Name, dir: Fd, name: Name): void {
    super.symlinkat(target, dir, name);
    if (this.#formats.has(dir)) this.#giveToMaker(dir, name);
  }

  override fchmodat(dir: Fd, name: Name, mode: number): void {
    const format = this.#formats.get(dir);
    const said = format && this.#get(format, dir, name);
    if (format === undefined || said === undefined) {
      super.fchmodat(dir, name, mode);
      return;
    }
    this.#say(format, dir, name, { ...said, mode: mode & 0o7777 });
    super.fchmodat(dir, name, modeOnDisk(mode));
  }

  override fchownat(dir: Fd, name: Name, uid: number, gid: number): void {
    const format = this.#formats.get(dir);
    const said = format && this.#get(format, dir, name);
    if (format === undefined) super.fchownat(dir, name, uid, gid);
    else if (said === undefined) this.#tryGive(dir, name, uid, gid);
    else {
      const owner = { uid: uid === -1 ? said.uid : uid, gid: gid === -1 ? said.gid : gid };
      this.#say(format, dir, name, { ...said, ...owner });
    }
  }

  /** A list on the disk lets its owner do everything; what it says of classes stands in the mode. */
  override findXattr(dir: Fd, name: Name, attribute: Name): Buffer | undefined {
    const format = this.#formats.get(dir);
    const stored = this.#storedName(dir, attribute);
    const kept = stored === attribute ? undefined : super.findXattr(dir, name, stored);
    const value = kept ?? super.findXattr(dir, name, attribute);
    if (format === undefined || value === undefined || attribute !== aclAccess) return value;
    const said = this.#find(format, dir, name);
    return said === undefined ? value : aclWithMode(value, said.mode);
  }

  override listXattrs(dir: Fd, name: Name): Name[] {
    const stored = super.listXattrs(dir, name);
    const format = this.#formats.get(dir);
    if (format === undefined) return stored;
    const shown = new Set<Name>();
    for (const one of stored) {
      const name = nameBehindOverride(format, one);
      if (name !== undefined && name !== format.attribute) shown.add(name);
    }
    return [...shown];
  }

  override setXattr(dir: Fd, name: Name, attribute: Name, value: Uint8Array, flags: number): void {
    const format = this.#formats.get(dir);
    const stored = format === undefined ? attribute : overrideNameOf(format, attribute);
    if (stored === undefined) throw fsError('EOPNOTSUPP', { syscall: 'setxattr' });
    const list = Buffer.from(value);
    const mode = format === undefined || attribute !== aclAccess ? undefined : modeOfAcl(list);
    if (format === undefined || mode === undefined) {
      const isOver = stored !== attribute && super.findXattr(dir, name, attribute) !== undefined;
      if (isOver && flags === XATTR_CREATE) throw fsError('EEXIST', { syscall: 'setxattr' });
      super.setXattr(dir, name, stored, value, isOver ? 0 : flags);
      return;
    }
    const said = this.#get(format, dir, name);
    if (said === undefined) {
      super.setXattr(dir, name, stored, value, flags);
      return;
    }
    super.setXattr(dir, name, stored, aclWithMode(list, modeOnDisk(mode)), flags);
    this.#say(format, dir, name, { ...said, mode: (said.mode & ~0o777) | mode });
  }

  override removeXattr(dir: Fd, name: Name, attribute: Name): void {
    if (this.#storedName(dir, attribute) === attribute) super.removeXattr(dir, name, attribute);
    else if (!this.findRemoveXattr(dir, name, attribute))
      throw fsError('ENODATA', { syscall: 'removexattr' });
  }

  /** Of both names: the plain one would hold again. */
  override findRemoveXattr(dir: Fd, name: Name, attribute: Name): boolean {
    const stored = this.#storedName(dir, attribute);
    if (stored === attribute) return super.findRemoveXattr(dir, name, attribute);
    // Who may not change `security.*` is refused also where there is nothing to remove.
    const isPlain = super.findXattr(dir, name, attribute) !== undefined;
    if (isPlain) super.removeXattr(dir, name, attribute);
    return super.findRemoveXattr(dir, name, stored) || isPlain;
  }

  override assume(uid: number, gid: number, umask: number): void {
    if (this.#layers.writes) this.#maker = { uid, gid, umask };
    else super.assume(uid, gid, umask);
  }

  override assumeNone(): void {
    this.#maker = undefined;
    super.assumeNone();
  }

  #handDown(format: OverrideFormat | undefined, fd: Fd): Fd {
    if (format === undefined) this.#formats.delete(fd);
    else this.#formats.set(fd, format);
    return fd;
  }

  #storedName(dir: Fd, attribute: Name): Name {
    const format = this.#formats.get(dir);
    return (format && overrideNameOf(format, attribute)) ?? attribute;
  }

  /** Turns what statx found into what is said. */
  #show(dir: Fd, name: Name, block: Buffer | undefined, offset = 0): void {
    const format = this.#formats.get(dir);
    if (format === undefined) return;
    const { stat } = this;
    const type = (stat[st.mode] ?? 0) & S_IFMT;
    if (type !== S_IFREG && type !== S_IFDIR) return;
    const said = this.#find(format, dir, name);
    if (said === undefined) return;
    const shownType = this.#typeOf(type, said);
    const rdev = shownType === type ? 0 : said.rdev;
    const mode = shownType | said.mode;
    const { uid = stat[st.uid] ?? 0, gid = stat[st.gid] ?? 0 } = said;
    stat[st.uid] = uid;
    stat[st.gid] = gid;
    stat[st.mode] = mode;
    stat[st.rdev] = rdev;
    if (block === undefined) return;
    const attr = this.#attr;
    attr.buffer = block;
    attr.offset = offset;
    attr.uid = uid;
    attr.gid = gid;
    attr.mode = mode;
    attr.setDevice(Math.floor(rdev / 2 ** 20), rdev % 2 ** 20);
  }

  /** An empty file may stand for what is neither file nor directory, but never for a whiteout. */
  #typeOf(type: number, { type: said = type, rdev }: Override): number {
    if (type !== S_IFREG || said === S_IFDIR || said === S_IFLNK) return type;
    const isDevice = said === S_IFCHR || said === S_IFBLK;
    return isDevice && (rdev === 0 || !this.#layers.believesDevices) ? type : said;
  }

  /** EIO where the attribute makes no sense: the owner could be anybody. */
  #find(format: OverrideFormat, dir: Fd, name: Name): Override | undefined {
    let value: Buffer | undefined;
    try {
      value = super.findXattr(dir, name, format.attribute);
    } catch (thrown) {
      // `user.*` needs read permission: it was made so before the layer was kept in this way.
      if (!isFsError(thrown, 'EACCES')) throw thrown;
    }
    if (value === undefined) return undefined;
    const said = parseOverride(value);
    if (said === undefined) throw fsError('EIO', { syscall: 'getxattr' });
    return said;
  }

  /** What is said of an object, or what could be said of it as it is; undefined for one that cannot carry it. */
  #get(format: OverrideFormat, dir: Fd, name: Name): WholeOverride | undefined {
    super.statx(dir, name);
    const field = (index: number): number => this.stat[index] ?? 0;
    const mode = field(st.mode);
    const type = mode & S_IFMT;
    if (type !== S_IFREG && type !== S_IFDIR) return undefined;
    const said = this.#find(format, dir, name);
    return {
      uid: said?.uid ?? field(st.uid),
      gid: said?.gid ?? field(st.gid),
      mode: said?.mode ?? mode & 0o7777,
      type: said?.type ?? type,
      rdev: said?.rdev ?? 0,
    };
  }

  #say(format: OverrideFormat, dir: Fd, name: Name, said: WholeOverride): void {
    super.setXattr(dir, name, format.attribute, formatOverride(said), 0);
  }

  /** What the engine makes for itself gets its owner later; a type has to be said at once. */
  #sayMade(format: OverrideFormat, dir: Fd, name: Name, made: Omit<WholeOverride, 'uid' | 'gid'>): void {
    const { uid, gid, umask } = this.#maker ?? { uid: 0, gid: 0, umask: 0 };
    if (this.#maker === undefined && (made.type === S_IFREG || made.type === S_IFDIR)) return;
    this.#say(format, dir, name, { ...made, uid, gid, mode: made.mode & 0o7777 & ~umask });
  }

  #sayMadeOrUnmake(
    format: OverrideFormat,
    dir: Fd,
    name: Name,
    made: Omit<WholeOverride, 'uid' | 'gid'>,
  ): void {
    try {
      this.#sayMade(format, dir, name, made);
    } catch (thrown) {
      super.findUnlinkat(dir, name, made.type === S_IFDIR ? AT_REMOVEDIR : 0);
      throw thrown;
    }
  }

  #giveToMaker(dir: Fd, name: Name): void {
    if (this.#maker !== undefined) this.#tryGive(dir, name, this.#maker.uid, this.#maker.gid);
  }

  /** What cannot carry the attribute has the owner that it can have. */
  #tryGive(dir: Fd, name: Name, uid: number, gid: number): void {
    try {
      super.fchownat(dir, name, uid, gid);
    } catch (thrown) {
      if (!isFsError(thrown, 'EPERM') && !isFsError(thrown, 'EINVAL')) throw thrown;
    }
  }
}

/** The owner may do everything; groups and others what they are said to, since others may read the layer, too. */
function modeOnDisk(mode: number): number {
  return (mode & 0o777) | 0o700;
}
