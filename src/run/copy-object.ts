/**
 * Copies one object into a directory: type, data with its holes, owner, attributes, mode, times. What is there
 * under its name goes, unless one of the two is a directory and the other is not. Which objects are copied, and
 * where to, is the business of those who walk trees: `copy-tree.ts`, and COPY of a Dockerfile.
 */
import { isFsError } from '../base/fs-error.ts';
import type { Fd } from '../base/ids.ts';
import { asName, nameToText, type Name } from '../base/name.ts';
import { UserError } from '../base/user-error.ts';
import {
  O_CREAT,
  O_EXCL,
  O_NOFOLLOW,
  O_RDONLY,
  O_WRONLY,
  S_IFDIR,
  S_IFLNK,
  S_IFMT,
  S_IFREG,
  STATX_ATTR_MOUNT_ROOT,
} from '../os/constants.ts';
import { st, type Cancel, type HostFs } from '../os/host-fs.ts';
import type { Owner } from '../os/in-root.ts';

export interface Place {
  readonly directory: Fd;
  /** Empty: the directory itself. */
  readonly name: Name;
}

export interface CopyAttributes {
  /** undefined: the object's own. */
  readonly owner?: Owner | undefined;
  /** The permission bits for an object of that st_mode; undefined: its own. */
  readonly mode?: ((mode: number) => number) | undefined;
  /** Which extended attributes come along; those that are `isCarried` unless told. */
  readonly keeps?: ((attribute: Name) => boolean) | undefined;
  /** Ends the copy of a large file (EINTR). */
  readonly cancel?: Cancel;
}

const self = asName('');
/** Larger files are copied on the thread pool. */
const smallFile = 1 << 20;

/** What a copy needs to know of an object. */
export function factsOf(fs: HostFs, source: Fd): Float64Array {
  fs.statx(source, self);
  return Float64Array.from(fs.stat);
}

/** Attributes that are the file system's or the machine's own business, and never part of an image or a copy. */
export function isCarried(attribute: Name): boolean {
  return !/^(security\.(selinux|ima|evm)$|(trusted|user)\.overlay\.|(trusted|user)\.strata\.|user\.fuseoverlayfs\.)/.test(
    attribute,
  );
}

/** Makes a directory, or takes the one that is there; no link is followed. UserError `not-a-directory`. */
export function makeDirectory(fs: HostFs, { directory, name }: Place): void {
  try {
    fs.mkdirat(directory, name, 0o700);
  } catch (error) {
    if (!isFsError(error, 'EEXIST')) throw error;
    fs.statx(directory, name);
    if (((fs.stat[st.mode] ?? 0) & S_IFMT) === S_IFDIR) return;
    throw notDirectory(name, error);
  }
}

/** For what lies in the place of a directory. */
export function notDirectory(path: Name, cause: unknown): UserError {
  return new UserError('not-a-directory', `"${nameToText(path)}" is there and is no directory`, {
    hint: 'choose another destination, or remove it before',
    cause,
  });
}

/** Copies anything but a directory; `source` is O_PATH, `facts` are its `factsOf`. UserError `is-a-directory`. */
export async function copyObject(
  fs: HostFs,
  source: Fd,
  facts: Float64Array,
  to: Place,
  attributes: CopyAttributes,
): Promise<void> {
  const { directory, name } = to;
  const type = (facts[st.mode] ?? 0) & S_IFMT;
  makeRoom(fs, to);
  if (type === S_IFLNK) fs.symlinkat(fs.readlinkat(source, self), directory, name);
  else if (type === S_IFREG) await copyContent(fs, source, facts[st.size] ?? 0, to, attributes);
  else fs.mknodat(directory, name, type | 0o600, facts[st.rdev] ?? 0);
  copyMetadata(fs, source, facts, to, attributes);
}

/** Takes away what lies there, if anything does. UserError as `checkReplaceable`. */
export function makeRoom(fs: HostFs, place: Place): void {
  checkReplaceable(fs, place);
  fs.findUnlinkat(place.directory, place.name, 0);
}

/** Whether anything but a directory can take the place of what lies there, if anything does. UserError `is-a-directory`, `mounted-over`. */
export function checkReplaceable(fs: HostFs, { directory, name }: Place): void {
  if (!fs.findStatx(directory, name)) return;
  const { [st.attributes]: attributes = 0, [st.mode]: mode = 0 } = fs.stat;
  // unlink(2) takes off what other mount namespaces have mounted there, a container say, and succeeds.
  if ((attributes & STATX_ATTR_MOUNT_ROOT) !== 0)
    throw new UserError('mounted-over', `"${nameToText(name)}" is busy: something is mounted there`, {
      hint: 'nothing can take its place: write to the file that is mounted',
    });
  if ((mode & S_IFMT) === S_IFDIR)
    throw new UserError('is-a-directory', `"${nameToText(name)}" is a directory there`, {
      hint: 'a file cannot take its place: remove it before, or choose another destination',
    });
}

/** In this order: a change of owner drops capabilities and bits, a list sets the mode, everything sets times. */
export function copyMetadata(
  fs: HostFs,
  source: Fd,
  facts: Float64Array,
  { directory, name }: Place,
  attributes: CopyAttributes,
): void {
  const owner = attributes.owner ?? { uid: facts[st.uid] ?? 0, gid: facts[st.gid] ?? 0 };
  const mode = facts[st.mode] ?? 0;
  fs.fchownat(directory, name, owner.uid, owner.gid);
  for (const attribute of fs.listXattrs(source, self).filter(attributes.keeps ?? isCarried)) {
    const value = fs.findXattr(source, self, attribute);
    if (value === undefined) continue;
    try {
      fs.setXattr(directory, name, attribute, value, 0);
    } catch (error) {
      // What the file system there cannot hold stays behind, as with cp(1), and in BuildKit.
      if (!isFsError(error, 'EOPNOTSUPP')) throw error;
    }
  }
  if ((mode & S_IFMT) !== S_IFLNK) fs.fchmodat(directory, name, attributes.mode?.(mode) ?? mode & 0o7777);
  fs.utimensat(
    directory,
    name,
    { sec: facts[st.atimeSec] ?? 0, nsec: facts[st.atimeNsec] ?? 0 },
    { sec: facts[st.mtimeSec] ?? 0, nsec: facts[st.mtimeNsec] ?? 0 },
  );
}

/** struct fuse_attr (`HostFs.statx`), which begins with the inode number: exact, as that of `st` is not. */
const attrSize = 88;

/** Tells an object from every other; undefined where nothing is. */
export function findIdentity(fs: HostFs, { directory, name }: Place): string | undefined {
  const attr = Buffer.alloc(attrSize);
  if (!fs.findStatx(directory, name, attr, 0)) return undefined;
  return `${String(fs.stat[st.dev])}:${String(attr.readBigUInt64LE(0))}`;
}

/** The first names of objects that have several, so that their copies are one object, too. */
export class FirstNames<T> {
  readonly #fs: HostFs;
  readonly #names = new Map<string, T>();

  constructor(fs: HostFs) {
    this.#fs = fs;
  }

  /** Of the object that `source` refers to. */
  find(source: Fd, facts: Float64Array): T | undefined {
    return hasSeveralNames(facts) ? this.#names.get(this.#keyOf(source)) : undefined;
  }

  /** Forgets at once what has one name only. */
  keep(source: Fd, facts: Float64Array, name: T): void {
    if (hasSeveralNames(facts)) this.#names.set(this.#keyOf(source), name);
  }

  #keyOf(source: Fd): string {
    return findIdentity(this.#fs, { directory: source, name: self }) ?? '';
  }
}

export function hasSeveralNames(facts: Float64Array): boolean {
  return (facts[st.nlink] ?? 1) > 1;
}

async function copyContent(
  fs: HostFs,
  source: Fd,
  size: number,
  { directory, name }: Place,
  { cancel }: CopyAttributes,
): Promise<void> {
  const from = fs.reopen(source, O_RDONLY);
  try {
    const to = fs.openat(directory, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
    try {
      if (size <= smallFile) fs.copyDataSync(from, to, size);
      else await fs.copyData(from, to, size, { sync: false, ...(cancel === undefined ? {} : { cancel }) });
    } finally {
      fs.closeWritten(to);
    }
  } finally {
    fs.close(from);
  }
}
