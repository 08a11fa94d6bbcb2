/**
 * Unpacks the tar of a layer into a directory in overlay form. One entry after another is applied: a later one
 * takes the place of an earlier one of its name. Whiteouts and opaque marks speak of the layers below, never of
 * this one, so their place among the entries means nothing. Nothing in the tar is trusted: every path is walked by
 * `LayerTree`, attributes that would be marks are not taken as such, and what cannot be is an error that names the
 * entry.
 */
import type { ErrnoCode } from '../base/errno.ts';
import { FsError, isFsError } from '../base/fs-error.ts';
import type { Fd } from '../base/ids.ts';
import { asName, nameFromText, nameToText, type Name } from '../base/name.ts';
import { utimeOmit } from '../base/time-spec.ts';
import { UserError } from '../base/user-error.ts';
import { aclDefault, parseAcl } from '../layer/acl.ts';
import { mustCopy } from '../layer/attributes.ts';
import { isPrivate } from '../layer/escape.ts';
import { expectXattrWhiteouts, readOpaque, setOpaque } from '../layer/opaque.ts';
import { isXattrWhiteout, noteXattrWhiteouts, putWhiteout } from '../layer/whiteout.ts';
import { overlayNames, type OverlayNames } from '../layer/xattr-names.ts';
import {
  AT_FDCWD,
  O_CREAT,
  O_DIRECTORY,
  O_EXCL,
  O_NOFOLLOW,
  O_PATH,
  O_RDONLY,
  O_WRONLY,
  S_IFBLK,
  S_IFCHR,
  S_IFIFO,
} from '../os/constants.ts';
import type { HostFs } from '../os/host-fs.ts';
import { RealFs } from '../os/real-fs.ts';
import type { FindId } from './acl-text.ts';
import { badLayer } from './bad-layer.ts';
import { ByteSource } from './byte-source.ts';
import { parseEntryPath, parseLinkPath } from './entry-path.ts';
import { writeContent } from './file-content.ts';
import { LayerTree, type LayerDirectory } from './layer-tree.ts';
import type { LayerTarResult } from './layer-writer.ts';
import { diskXattrName, isOfThisHost } from './layer-xattrs.ts';
import type { TarEntry } from './tar-entry.ts';
import { TarReader } from './tar-reader.ts';

export interface ApplyOptions {
  /** Under which prefix opaque marks are written; `trusted` unless told. */
  readonly xattrs?: 'trusted' | 'user';
  /** A tree that is no layer: names that begin with `.wh.` are names like any other, and nothing is made opaque. */
  readonly plain?: boolean;
  /** With `plain`, for what is never a part of a union: a device 0/0, and attributes of any name, are as the tar has them. */
  readonly keepsMarks?: boolean;
  /** Access control lists that stand in the tar as text hold, for users and groups by these numbers. */
  readonly findId?: FindId | undefined;
  readonly signal?: AbortSignal;
  /**
   * Called with the name of an attribute that must not be lost, and that the file system cannot hold: it is left out then, as tar(1)
   * and Docker do. Without this it is an error.
   */
  readonly onUnsupported?: ((attribute: string) => void) | undefined;
  /** Called before an entry is unpacked, with its path as it stands in the tar (latin1). */
  readonly onEntry?: (path: string) => void;
}

export interface AppliedTar extends LayerTarResult {
  /** Paths of the directories that are there without an entry of their own; empty for the top. */
  readonly implied: ReadonlySet<string>;
}

const self = asName('');
const here = asName('.');
/** -1 would mean "leave it as it is" to chown(2). */
const idMax = 2 ** 32 - 2;
const nodeTypes = { fifo: S_IFIFO, char: S_IFCHR, block: S_IFBLK } as const;
/** What a system call says to a name, a target or a value that no system has; the disk is not to blame. */
const layersFault: readonly ErrnoCode[] = [
  'E2BIG',
  'EFBIG',
  'EINVAL',
  'EISDIR',
  'ELOOP',
  'ENAMETOOLONG',
  'ENOENT',
  'ENOTDIR',
  'ERANGE',
];

/**
 * Unpacks an uncompressed layer tar into the directory `target`, which must be empty (UserError `not-empty`), and
 * reads `source` to its end: the diff id covers what stands behind the last entry. Entries without their parent
 * directories get some, 0755 of root. Rejects with UserError `bad-layer`, which names the entry, for what is
 * malformed, truncated or leads out; `unsupported-xattr` where the file system cannot hold an access control list or a
 * `security.*` attribute, and nobody is told (`onUnsupported`); `not-permitted` for who may not give owners away; FsError for what the disk refuses; the reason of `signal`. What was unpacked stays, for the
 * caller to remove.
 */
export async function applyLayerTar(
  source: AsyncIterable<Uint8Array>,
  target: string,
  options: ApplyOptions = {},
): Promise<AppliedTar> {
  const fs = new RealFs({ keepsUmask: true });
  const bytes = new ByteSource(source, options.signal);
  try {
    const root = fs.openat(AT_FDCWD as Fd, nameFromText(target), O_RDONLY | O_DIRECTORY, 0);
    try {
      if (fs.listDirectory(root).names.length > 0) {
        throw new UserError('not-empty', `${target} is not empty`, {
          hint: 'a layer is unpacked into an empty directory',
        });
      }
      return await unpack(fs, root, bytes, options);
    } finally {
      fs.close(root);
    }
  } finally {
    await bytes.close();
  }
}

async function unpack(fs: HostFs, root: Fd, source: ByteSource, options: ApplyOptions): Promise<AppliedTar> {
  const names = overlayNames(options.xattrs === 'user');
  const tree = new LayerTree(fs, root, options.plain === true ? undefined : names);
  const reader = new TarReader(source, options.findId);
  const unpacker = new Unpacker(fs, root, tree, reader, {
    ...{ names, keepsMarks: options.keepsMarks === true },
    onUnsupported: options.onUnsupported,
  });
  let size = 0;
  let entries = 0;
  try {
    for (let entry = await reader.next(); entry !== undefined; entry = await reader.next()) {
      options.signal?.throwIfAborted();
      options.onEntry?.(entry.path);
      await unpacker.apply(entry, options.plain === true);
      size += entry.size;
      entries += 1;
    }
    tree.setTimes();
  } finally {
    tree.close();
  }
  const { digest, size: tarSize } = await source.finish();
  return { diffId: digest, tarSize, size, entries, implied: tree.implied };
}

interface UnpackerOptions {
  readonly names: OverlayNames;
  readonly keepsMarks: boolean;
  readonly onUnsupported: ApplyOptions['onUnsupported'];
}

class Unpacker {
  readonly #fs: HostFs;
  readonly #root: Fd;
  readonly #tree: LayerTree;
  readonly #reader: TarReader;
  readonly #names: OverlayNames;
  readonly #keepsMarks: boolean;
  readonly #onUnsupported: ApplyOptions['onUnsupported'];

  constructor(
    fs: HostFs,
    root: Fd,
    tree: LayerTree,
    reader: TarReader,
    { names, keepsMarks, onUnsupported }: UnpackerOptions,
  ) {
    this.#fs = fs;
    this.#root = root;
    this.#tree = tree;
    this.#reader = reader;
    this.#names = names;
    this.#keepsMarks = keepsMarks;
    this.#onUnsupported = onUnsupported;
  }

  async apply(entry: TarEntry, plain: boolean): Promise<void> {
    try {
      const { kind, parent, name } = parseEntryPath(entry.path, plain);
      if (kind === 'root') this.#directory(this.#tree.directory(''), self, entry);
      else if (kind === 'object') await this.#object(parent, name, entry);
      else if (kind === 'opaque') this.#makeOpaque(this.#tree.directory(parent).fd, self);
      else if (kind === 'whiteout') this.#whiteout(this.#tree.directory(parent), name);
    } catch (error) {
      if (isFsError(error, 'EPERM'))
        throw new UserError('not-permitted', `${nameToText(entry.path)} cannot be unpacked as it should be`, {
          hint: 'owners and devices of a layer are given by root alone, who needs CAP_CHOWN and CAP_MKNOD',
          cause: error,
        });
      if (!(error instanceof FsError) || !layersFault.some((code) => isFsError(error, code))) throw error;
      throw badLayer(error.message, entry.path, error);
    }
  }

  async #object(parent: string, name: Name, entry: TarEntry): Promise<void> {
    if (entry.type === 'link') {
      this.#link(parent, name, entry);
      return;
    }
    const dir = this.#tree.directory(parent);
    if (entry.type === 'directory') {
      this.#directory(dir, name, entry);
      return;
    }
    const { type, rdev } = entry;
    // On the disk that would be a whiteout, which is a mark.
    if (type === 'char' && rdev === 0 && !this.#keepsMarks)
      throw badLayer('a character device 0/0', entry.path);
    this.#tree.clear(dir, name);
    if (type === 'file') await this.#file(dir.fd, name, entry.size);
    else if (type === 'symlink') this.#fs.symlinkat(entry.linkName, dir.fd, name);
    else this.#fs.mknodat(dir.fd, name, nodeTypes[type] | 0o600, rdev);
    if (type !== 'symlink') this.#tree.disinherit(dir.fd, name);
    this.#setAttributes(dir.fd, name, entry);
    this.#fs.utimensat(dir.fd, name, utimeOmit, entry.mtime);
  }

  /** The layer's own where `name` is empty. */
  #directory(dir: LayerDirectory, name: Name, entry: TarEntry): void {
    if (entry.type !== 'directory') throw badLayer('the top of the layer is a directory', entry.path);
    const occupant = name === self ? 'directory' : this.#tree.occupant(dir, name);
    if (occupant !== 'directory') {
      this.#tree.makeDirectory(dir, name, occupant);
      this.#tree.disinherit(dir.fd, name);
    } else {
      this.#removeXattrs(dir.fd, name);
    }
    this.#setAttributes(dir.fd, name, entry);
    this.#tree.describe([dir.path, name].filter((part) => part !== '').join('/'), entry.mtime);
  }

  async #file(dir: Fd, name: Name, size: number): Promise<void> {
    const fd = this.#fs.openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
    let isOpen = true;
    try {
      let end = 0;
      await this.#reader.eachPiece(async (bytes, position) => {
        end = await writeContent(this.#fs, fd, bytes, position);
      });
      // What ends with a hole.
      if (end < size) this.#fs.ftruncate(fd, size);
      isOpen = false;
      this.#fs.closeWritten(fd);
    } finally {
      if (isOpen) this.#fs.close(fd);
    }
  }

  #link(parent: string, name: Name, entry: TarEntry): void {
    const target = parseLinkPath(entry.linkName, entry.path);
    const from = this.#tree.findDirectory(target.parent);
    const occupant = from === undefined ? 'nothing' : this.#tree.occupant(from, target.name);
    if (from === undefined || occupant === 'nothing' || occupant === 'whiteout') {
      throw badLayer(
        `a hard link to ${JSON.stringify(nameToText(entry.linkName))}, which is not there`,
        entry.path,
      );
    }
    if (occupant === 'directory') throw badLayer('a hard link to a directory', entry.path);
    const object = this.#fs.openat(from.fd, target.name, O_PATH | O_NOFOLLOW, 0);
    try {
      const dir = this.#tree.directory(parent);
      if (dir.path === from.path && name === target.name) return;
      this.#tree.clear(dir, name);
      this.#fs.linkat(object, self, dir.fd, name);
    } finally {
      this.#fs.close(object);
    }
  }

  #whiteout(dir: LayerDirectory, name: Name): void {
    const occupant = this.#tree.occupant(dir, name);
    if (occupant === 'nothing') this.#hide(dir.fd, name);
    // Anything but a directory hides what lies below by being there.
    else if (occupant === 'directory') this.#makeOpaque(dir.fd, name);
  }

  #hide(dir: Fd, name: Name): void {
    if (putWhiteout(this.#fs, dir, name, this.#names) === 'device') return;
    // In an opaque directory there is nothing to hide.
    if (!expectXattrWhiteouts(this.#fs, dir, self, this.#names)) this.#fs.unlinkat(dir, name, 0);
    else noteXattrWhiteouts(this.#fs, this.#root, this.#names);
  }

  /** Whiteouts in it that are files would be looked for no more. */
  #makeOpaque(dir: Fd, name: Name): void {
    if (readOpaque(this.#fs, dir, name, this.#names) === 'xattrs') this.#removeXattrWhiteouts(dir, name);
    setOpaque(this.#fs, dir, name, this.#names);
  }

  #removeXattrWhiteouts(parent: Fd, name: Name): void {
    const fs = this.#fs;
    const dir = fs.openat(parent, name === self ? here : name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
    try {
      for (const one of fs.listDirectory(dir).names) {
        if (!fs.findStatx(dir, one) || !isXattrWhiteout(fs, dir, one, this.#names)) continue;
        fs.unlinkat(dir, one, 0);
      }
    } finally {
      fs.close(dir);
    }
  }

  /** In this order: a change of owner drops capabilities and setuid bits, and a list sets the mode. */
  #setAttributes(dir: Fd, name: Name, entry: TarEntry): void {
    const { uid, gid, path } = entry;
    if (uid > idMax || gid > idMax) throw badLayer('there is no such user or group id', path);
    this.#fs.fchownat(dir, name, uid, gid);
    for (const [attribute, value] of entry.xattrs) this.#setXattr(dir, name, attribute, value, path);
    if (entry.type !== 'symlink') this.#fs.fchmodat(dir, name, entry.mode);
  }

  #setXattr(dir: Fd, name: Name, inTar: Name, value: Buffer, path: Name): void {
    const attribute = this.#diskXattrName(inTar);
    if (attribute === undefined) return;
    if (attribute === aclDefault) this.#tree.noteDefaultAcl();
    try {
      this.#fs.setXattr(dir, name, attribute, value, 0);
    } catch (error) {
      const isUnsupported = isFsError(error, 'EOPNOTSUPP');
      if (!isUnsupported && !isFsError(error, 'EPERM')) throw error;
      if (!mustCopy(attribute)) return;
      if (!isUnsupported) throw error;
      // The kernel says the same to bytes that are no list.
      if (!attribute.startsWith('security.') && parseAcl(value) === undefined) {
        throw badLayer(`${attribute} is no access control list`, path, error);
      }
      if (this.#onUnsupported !== undefined) {
        this.#onUnsupported(attribute);
        return;
      }
      throw new UserError(
        'unsupported-xattr',
        `${nameToText(path)} has ${attribute}, which this file system cannot hold`,
        { hint: 'use a file system with access control lists and security attributes', cause: error },
      );
    }
  }

  /** The attributes of a directory that is given once more; the union's own marks stay. */
  #removeXattrs(dir: Fd, name: Name): void {
    for (const attribute of this.#fs.listXattrs(dir, name)) {
      if (!this.#keepsMarks && isPrivate(attribute, this.#names)) continue;
      if (this.#diskXattrName(attribute) !== undefined) this.#fs.findRemoveXattr(dir, name, attribute);
    }
  }

  #diskXattrName(inTar: Name): Name | undefined {
    if (!this.#keepsMarks) return diskXattrName(inTar, this.#names);
    return isOfThisHost(inTar) ? undefined : inTar;
  }
}
