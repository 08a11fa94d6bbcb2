/**
 * What the lower layers of a union show together, without an upper and without a mount: for work on an
 * upper that is not mounted. It follows opaque marks, whiteouts of every form, redirects and metacopy
 * chains from layer to layer as a lookup of the kernel's overlayfs does (fs/overlayfs/namei.c,
 * `ovl_lookup`), one component at a time: neither a symbolic link nor a mount in a layer leads out of it. A
 * directory on which something is mounted shows what it holds in a clone of its layer, and is empty without one. It
 * caches nothing and writes nothing.
 */
import type { Fd } from '../base/ids.ts';
import { fsError, isFsError } from '../base/fs-error.ts';
import { asName, nameToText, type Name } from '../base/name.ts';
import { UserError } from '../base/user-error.ts';
import {
  DT_CHR,
  DT_REG,
  DT_UNKNOWN,
  O_DIRECTORY,
  O_NOFOLLOW,
  O_PATH,
  O_RDONLY,
  RESOLVE_BENEATH,
  RESOLVE_NO_SYMLINKS,
  RESOLVE_NO_XDEV,
  S_IFDIR,
  S_IFMT,
  S_IFREG,
} from '../os/constants.ts';
import { mark, st, type HostFs } from '../os/host-fs.ts';
import { aufsOpaqueName, aufsWhiteoutName, aufsWhiteoutTarget, isAufsMetadata } from './aufs.ts';
import { readMetacopy } from './metacopy.ts';
import { readOpaque, type Opacity } from './opaque.ts';
import { pathBelow, readRedirect, type Redirect } from './redirect.ts';
import { findSharedUuids } from './shared-uuid.ts';
import { isWhiteoutAt } from './whiteout.ts';
import type { OverlayNames } from './xattr-names.ts';

/** A directory of one lower layer. */
export interface LowerDir {
  /** Position of its layer, 0 at the top. */
  readonly layer: number;
  /** O_PATH. */
  readonly fd: Fd;
  /** Something is mounted on it: it is empty, and `fd` is the directory that holds it, which it looks like. */
  readonly isCovered?: true;
}

/** Anything but a directory. */
export interface LowerFile {
  readonly kind: 'file';
  readonly object: Fd;
  /** The layer of `object`. */
  readonly layer: number;
  /** Where a regular file's content is, the same object mostly; undefined where it is missing. */
  readonly data: Fd | undefined;
}

/** What a name shows. The descriptors are O_PATH and the finder's to close (`LowerView.close`). */
export type LowerObject =
  | { readonly kind: 'none' }
  /** From the top; at least one. */
  | { readonly kind: 'directory'; readonly dirs: readonly LowerDir[] }
  | LowerFile;

export interface LowerParts {
  /** Roots of the layers, from the top. */
  readonly lowers: readonly Fd[];
  /** Roots of data-only layers: they show nothing, redirects of metacopy files lead into them. */
  readonly dataOnly?: readonly Fd[];
  /** Whether `.wh.` names are whiteouts; not unless told. */
  readonly aufs?: boolean;
  readonly names: OverlayNames;
}

/** What a lookup looks for, and how far it has come. */
interface Search {
  /** From the layers' roots where `absolute`, else one name in the current stack. */
  path: readonly Name[];
  absolute: boolean;
  /** Nothing further below can show. */
  stop: boolean;
  /** Only directories match any more. */
  directory: boolean;
  /** A metacopy file was found above: only a regular file matches. */
  metacopy: boolean;
}

const here = asName('.');
const self = asName('');
const none: LowerObject = { kind: 'none' };
const staysInside = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV;

export class LowerView {
  readonly roots: readonly LowerDir[];
  readonly #fs: HostFs;
  readonly #parts: LowerParts;
  readonly #names: OverlayNames;
  readonly #aufs: boolean;
  #uuids: readonly (Buffer | undefined)[] | undefined;

  constructor(fs: HostFs, parts: LowerParts) {
    this.#fs = fs;
    this.#parts = parts;
    this.#names = parts.names;
    this.#aufs = parts.aufs === true;
    this.roots = parts.lowers.map((fd, layer) => ({ layer, fd }));
  }

  /**
   * What `name` shows in the merged directory `parents`. `redirect`: that of the upper's object;
   * `wanted`: what the upper's object needs below it, its directories or its data. EINVAL for a
   * redirect in a layer that must not be followed, EIO for a malformed metacopy mark.
   */
  find(
    parents: readonly LowerDir[],
    name: Name,
    options: { redirect?: Redirect | undefined; wanted?: 'directory' | 'data' } = {},
  ): LowerObject {
    const { redirect, wanted } = options;
    const search: Search = {
      path: redirect?.components ?? [name],
      absolute: redirect?.absolute === true,
      stop: false,
      directory: wanted === 'directory',
      metacopy: wanted === 'data',
    };
    const dirs: LowerDir[] = [];
    const files: LowerDir[] = [];
    try {
      this.#search(search.absolute ? this.roots : parents, search, dirs, files);
      return this.#conclude(search, dirs, files);
    } catch (error) {
      for (const dir of dirs) this.#fs.close(dir.fd);
      for (const file of files) this.#fs.close(file.fd);
      throw error;
    }
  }

  /** Every name that shows in the merged directory. */
  list(dirs: readonly LowerDir[]): Set<Name> {
    const seen = new Map<Name, boolean>();
    for (const dir of dirs) this.#addListing(dir, seen);
    const visible = new Set<Name>();
    for (const [name, shows] of seen) if (shows) visible.add(name);
    return visible;
  }

  /** FS_IOC_GETFSUUID of a layer; undefined where it does not tell the layer from another one. */
  uuid(layer: number): Buffer | undefined {
    this.#uuids ??= this.#readUuids();
    return this.#uuids[layer];
  }

  close(object: LowerObject): void {
    if (object.kind === 'directory') for (const dir of object.dirs) this.#fs.close(dir.fd);
    if (object.kind !== 'file') return;
    this.#fs.close(object.object);
    if (object.data !== undefined && object.data !== object.object) this.#fs.close(object.data);
  }

  #readUuids(): (Buffer | undefined)[] {
    const fs = this.#fs;
    const open = this.roots.map(({ fd }) => fs.openat(fd, here, O_RDONLY | O_DIRECTORY, 0));
    try {
      const roots = open.map((root) => {
        fs.statx(root, self);
        return { root, dev: fs.stat[st.dev] ?? 0, uuid: fs.fsUuid(root) };
      });
      const shared = findSharedUuids(fs, roots);
      return roots.map(({ dev, uuid }) => (shared.has(dev) ? undefined : uuid));
    } finally {
      for (const fd of open) fs.close(fd);
    }
  }

  #search(parents: readonly LowerDir[], search: Search, dirs: LowerDir[], files: LowerDir[]): void {
    let stack = parents;
    for (let i = 0; i < stack.length && !search.stop; i += 1) {
      const parent = stack[i];
      if (parent === undefined) return;
      const wasAbsolute = search.absolute;
      const found = wasAbsolute
        ? this.#walk(parent, search)
        : this.#step(parent, search.path[0] ?? self, search, 0);
      if (found !== undefined && search.directory) dirs.push(found);
      else if (found !== undefined) this.#keepFile(found, files, search);
      if (search.absolute && !wasAbsolute && stack !== this.roots) {
        stack = this.roots;
        i = parent.layer;
      }
    }
  }

  /** Of a chain of metacopy files only its top and its end matter. */
  #keepFile(file: LowerDir, files: LowerDir[], search: Search): void {
    if (files.length > 0 && search.metacopy) this.#fs.close(file.fd);
    else files.push(file);
  }

  #conclude(search: Search, dirs: LowerDir[], files: LowerDir[]): LowerObject {
    if (dirs.length > 0) return { kind: 'directory', dirs };
    const data = search.metacopy ? this.#findDataOnly(search) : files.at(-1);
    const object = files[0] ?? data;
    if (object === undefined) return none;
    return { kind: 'file', object: object.fd, layer: object.layer, data: data?.fd };
  }

  #findDataOnly(search: Search): LowerDir | undefined {
    if (!search.absolute) return undefined;
    const path = asName(search.path.join('/'));
    for (const [i, root] of (this.#parts.dataOnly ?? []).entries()) {
      if (!this.#existsBelow(root, search.path)) continue;
      if (((this.#fs.stat[st.mode] ?? 0) & S_IFMT) !== S_IFREG) continue;
      const fd = this.#findOpen(root, path, O_PATH);
      if (fd !== undefined) return { layer: this.roots.length + i, fd };
    }
    return undefined;
  }

  /** Each component but the last is a directory, no link. Leaves what it found in `stat`. */
  #existsBelow(root: Fd, path: readonly Name[]): boolean {
    let prefix = '';
    for (const component of path) {
      if (prefix !== '' && ((this.#fs.stat[st.mode] ?? 0) & S_IFMT) !== S_IFDIR) return false;
      prefix += prefix === '' ? component : `/${component}`;
      if (!this.#fs.findStatx(root, asName(prefix))) return false;
    }
    return true;
  }

  /** An absolute path in one layer. */
  #walk(root: LowerDir, search: Search): LowerDir | undefined {
    const path = search.path;
    let at: LowerDir | undefined = root;
    for (const [i, name] of path.entries()) {
      const from: LowerDir = at;
      try {
        at = this.#step(from, name, search, path.length - 1 - i);
      } finally {
        if (from !== root) this.#fs.close(from.fd);
      }
      if (at === undefined) return undefined;
    }
    return at;
  }

  /**
   * One name in one directory of one layer; `rest` components follow it in the search's path. What is
   * found may change where the search goes on in the layers below.
   */
  #step(dir: LowerDir, name: Name, search: Search, rest: number): LowerDir | undefined {
    if (dir.isCovered === true) return undefined;
    const fs = this.#fs;
    const last = rest === 0;
    const aufs = this.#aufs;
    const hides = aufs && this.#hasAufsWhiteout(dir, name);
    if ((aufs && isAufsMetadata(name)) || !fs.findStatx(dir.fd, name)) {
      search.stop ||= hides;
      return undefined;
    }
    const type = (fs.stat[st.mode] ?? 0) & S_IFMT;
    const isDirectory = type === S_IFDIR;
    // In whatever directory, as for who asks the mount for this name.
    const whiteout = isWhiteoutAt(fs, dir.fd, name, this.#names);
    const mismatch = isDirectory
      ? last && search.metacopy
      : search.directory || !last || (search.metacopy && type !== S_IFREG);
    if (whiteout || mismatch) {
      search.stop = true;
      return undefined;
    }
    return isDirectory
      ? this.#enter(dir, name, search, rest, hides)
      : this.#takeFile(dir, name, search, type === S_IFREG, hides);
  }

  #takeFile(dir: LowerDir, name: Name, search: Search, regular: boolean, hides: boolean): LowerDir {
    const metacopy = regular ? readMetacopy(this.#fs, dir.fd, name, this.#names) : undefined;
    if (metacopy?.invalid === true) throw fsError('EIO', { syscall: 'lookup', path: nameToText(name) });
    search.metacopy = metacopy !== undefined;
    search.stop = !search.metacopy || hides;
    if (search.metacopy) this.#redirect(dir.fd, name, search, 0);
    return { layer: dir.layer, fd: this.#open(dir.fd, name, O_PATH) };
  }

  #enter(dir: LowerDir, name: Name, search: Search, rest: number, hides: boolean): LowerDir {
    const fs = this.#fs;
    if (rest === 0) search.directory = true;
    const fd = this.#findOpen(dir.fd, name, O_PATH | O_DIRECTORY);
    if (fd === undefined) {
      search.stop ||= hides;
      return { ...dir, fd: this.#open(dir.fd, here, O_PATH | O_DIRECTORY), isCovered: true };
    }
    try {
      const opacity = this.#opacity(fd);
      if (opacity === 'opaque' || hides) search.stop = true;
      if (opacity !== 'opaque') this.#redirect(fd, self, search, rest);
      return { layer: dir.layer, fd };
    } catch (error) {
      fs.close(fd);
      throw error;
    }
  }

  #opacity(fd: Fd): Opacity {
    if (this.#aufs && this.#fs.findStatx(fd, aufsOpaqueName)) return 'opaque';
    const marks = this.#fs.overlayMarks(fd, self, this.#names.prefix);
    return (marks & (mark.opaque | mark.foreign)) === 0
      ? 'none'
      : readOpaque(this.#fs, fd, self, this.#names);
  }

  /** Where the search goes on below, when (dir, name) says so. */
  #redirect(dir: Fd, name: Name, search: Search, rest: number): void {
    const redirect = readRedirect(this.#fs, dir, name, this.#names);
    if (redirect === undefined) return;
    if (redirect.invalid) throw fsError('EINVAL', { syscall: 'lookup', path: nameToText(redirect.value) });
    search.path = pathBelow(search.path, rest, redirect);
    if (!redirect.absolute) return;
    search.absolute = true;
    // An opaque directory on the way here does not hide what the redirect names.
    search.stop = false;
  }

  #addListing(dir: LowerDir, seen: Map<Name, boolean>): void {
    if (dir.isCovered === true) return;
    const fs = this.#fs;
    const fd = fs.openat(dir.fd, here, O_RDONLY | O_DIRECTORY, 0);
    let names: readonly Name[];
    let types: Uint8Array;
    try {
      ({ names, types } = fs.listDirectory(fd));
    } finally {
      fs.close(fd);
    }
    const aufs = this.#aufs;
    for (const [i, name] of names.entries()) {
      if (seen.has(name) || (aufs && isAufsMetadata(name))) continue;
      seen.set(name, !this.#isWhiteout(dir, name, types[i] ?? DT_UNKNOWN));
    }
    if (!aufs) return;
    for (const name of names) {
      const target = aufsWhiteoutTarget(name);
      if (target !== undefined && !seen.has(target)) seen.set(target, false);
    }
  }

  #isWhiteout(dir: LowerDir, name: Name, type: number): boolean {
    if (type !== DT_CHR && type !== DT_REG && type !== DT_UNKNOWN) return false;
    const fs = this.#fs;
    return !fs.findStatx(dir.fd, name) || isWhiteoutAt(fs, dir.fd, name, this.#names);
  }

  #hasAufsWhiteout(dir: LowerDir, name: Name): boolean {
    const whiteout = aufsWhiteoutName(name);
    return whiteout.length <= 255 && this.#fs.findStatx(dir.fd, whiteout);
  }

  /** undefined where a mount is in the way. */
  #findOpen(dir: Fd, name: Name, flags: number): Fd | undefined {
    try {
      return this.#open(dir, name, flags);
    } catch (thrown) {
      if (isFsError(thrown, 'EXDEV')) return undefined;
      throw thrown;
    }
  }

  #open(dir: Fd, name: Name, flags: number): Fd {
    return this.#fs.openat2(dir, name, flags | O_NOFOLLOW, 0, staysInside);
  }
}

/** A redirect that an upper's object has, or undefined. UserError `invalid-redirect` where it cannot be followed. */
export function getUpperRedirect(
  fs: HostFs,
  dir: Fd,
  name: Name,
  path: Name,
  names: OverlayNames,
): Redirect | undefined {
  const redirect = readRedirect(fs, dir, name, names);
  if (redirect?.invalid !== true) return redirect;
  throw new UserError(
    'invalid-redirect',
    `the redirect of ${nameToText(path)} in the upper layer is damaged (${nameToText(redirect.value)})`,
    { hint: `remove the attribute ${names.redirect} from it` },
  );
}
