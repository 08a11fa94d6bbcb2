/**
 * Copies a tree between directories of which one belongs to somebody else, a running container, say: every step
 * is taken from the descriptor of a directory and follows no symbolic link, so that nothing that is changed meanwhile
 * leads out of either. Hard links within the tree stay; owners, modes, times and attributes come along.
 */
import { isFsError } from '../base/fs-error.ts';
import type { Fd } from '../base/ids.ts';
import { asName, type Name } from '../base/name.ts';
import * as c from '../os/constants.ts';
import { st, type HostFs } from '../os/host-fs.ts';

const self = asName('');

export interface Place {
  readonly directory: Fd;
  readonly name: Name;
}

export interface CopyOptions {
  /** Everything belongs to them; undefined: owners come along. */
  readonly owner?: { readonly uid: number; readonly gid: number };
}

interface Copy extends CopyOptions {
  readonly fs: HostFs;
  /** Where the first name of a file with several lies, by device and inode. */
  readonly links: Map<string, Place>;
  /** Descriptors of directories with the first name of something, open to the end. */
  readonly kept: Set<Fd>;
}

/**
 * Copies what is at `from` to `to`. A directory goes into a directory that is there; anything else that is in the
 * way is replaced. FsError: EISDIR, ENOTDIR where a directory meets something else.
 */
export async function copyTree(fs: HostFs, from: Place, to: Place, options: CopyOptions = {}): Promise<void> {
  const copy: Copy = { fs, links: new Map(), kept: new Set(), ...options };
  try {
    await copyAny(copy, from, to);
  } finally {
    for (const fd of copy.kept) fs.close(fd);
  }
}

/** Copies what is in the directory `from`, and its own attributes, into the directory `to`. */
export async function copyContent(fs: HostFs, from: Fd, to: Fd, options: CopyOptions = {}): Promise<void> {
  const copy: Copy = { fs, links: new Map(), kept: new Set(), ...options };
  try {
    await copyEntries(copy, from, to);
    fs.statx(from, self);
    copyFacts(copy, from, to, self, Float64Array.from(fs.stat));
  } finally {
    for (const fd of copy.kept) fs.close(fd);
  }
}

async function copyAny(copy: Copy, from: Place, to: Place): Promise<void> {
  const { fs } = copy;
  const object = fs.openat(from.directory, from.name, c.O_PATH | c.O_NOFOLLOW, 0);
  try {
    fs.statx(object, self);
    const facts = Float64Array.from(fs.stat);
    const type = (facts[st.mode] ?? 0) & c.S_IFMT;
    if (type === c.S_IFDIR) {
      await copyDirectory(copy, object, to);
      copyFacts(copy, object, to.directory, to.name, facts);
      return;
    }
    clear(fs, to);
    const inode = `${String(facts[st.dev])}:${String(facts[st.ino])}`;
    const first = (facts[st.nlink] ?? 1) > 1 ? copy.links.get(inode) : undefined;
    if (first !== undefined) {
      fs.linkat(first.directory, first.name, to.directory, to.name);
      return;
    }
    if (type === c.S_IFLNK) fs.symlinkat(fs.readlinkat(object, self), to.directory, to.name);
    else if (type === c.S_IFREG) await copyData(fs, object, facts[st.size] ?? 0, to);
    else fs.mknodat(to.directory, to.name, type | 0o600, facts[st.rdev] ?? 0);
    copyFacts(copy, object, to.directory, to.name, facts);
    if ((facts[st.nlink] ?? 1) > 1) keepLink(copy, inode, to);
  } finally {
    fs.close(object);
  }
}

async function copyDirectory(copy: Copy, object: Fd, to: Place): Promise<void> {
  const { fs } = copy;
  try {
    fs.mkdirat(to.directory, to.name, 0o700);
  } catch (thrown) {
    if (!isFsError(thrown, 'EEXIST')) throw thrown;
  }
  const source = fs.openat(object, asName('.'), c.O_RDONLY | c.O_DIRECTORY, 0);
  try {
    const target = fs.openat(to.directory, to.name, c.O_RDONLY | c.O_DIRECTORY | c.O_NOFOLLOW, 0);
    try {
      await copyEntries(copy, source, target);
    } finally {
      fs.close(target);
    }
  } finally {
    fs.close(source);
  }
}

async function copyEntries(copy: Copy, from: Fd, to: Fd): Promise<void> {
  for (const name of copy.fs.listDirectory(from).names)
    await copyAny(copy, { directory: from, name }, { directory: to, name });
}

/** A file in the way goes; a directory in the way is the caller's to complain about. */
function clear(fs: HostFs, { directory, name }: Place): void {
  fs.findUnlinkat(directory, name, 0);
}

async function copyData(fs: HostFs, object: Fd, size: number, to: Place): Promise<void> {
  const source = fs.reopen(object, c.O_RDONLY);
  try {
    const target = fs.openat(to.directory, to.name, c.O_WRONLY | c.O_CREAT | c.O_EXCL | c.O_NOFOLLOW, 0o600);
    try {
      if (size > 0) await fs.copyData(source, target, size, { sync: false });
    } finally {
      fs.close(target);
    }
  } finally {
    fs.close(source);
  }
}

/** In this order: a change of owner drops capabilities and setuid bits, and everything sets times. */
function copyFacts(copy: Copy, object: Fd, directory: Fd, name: Name, facts: Float64Array): void {
  const { fs, owner } = copy;
  const mode = facts[st.mode] ?? 0;
  fs.fchownat(directory, name, owner?.uid ?? facts[st.uid] ?? 0, owner?.gid ?? facts[st.gid] ?? 0);
  for (const attribute of fs.listXattrs(object, self)) {
    if (attribute.startsWith('user.strata.') || attribute.startsWith('trusted.')) continue;
    const value = fs.findXattr(object, self, attribute);
    if (value !== undefined) setAttribute(fs, directory, name, attribute, value);
  }
  if ((mode & c.S_IFMT) !== c.S_IFLNK) fs.fchmodat(directory, name, mode & 0o7777);
  fs.utimensat(
    directory,
    name,
    { sec: facts[st.atimeSec] ?? 0, nsec: facts[st.atimeNsec] ?? 0 },
    { sec: facts[st.mtimeSec] ?? 0, nsec: facts[st.mtimeNsec] ?? 0 },
  );
}

function setAttribute(fs: HostFs, directory: Fd, name: Name, attribute: Name, value: Buffer): void {
  try {
    fs.setXattr(directory, name, attribute, value, 0);
  } catch (thrown) {
    // As cp(1): what the file system there cannot hold stays behind.
    if (!isFsError(thrown, 'EOPNOTSUPP')) throw thrown;
  }
}

function keepLink(copy: Copy, inode: string, to: Place): void {
  const { fs } = copy;
  const directory = fs.openat(to.directory, asName('.'), c.O_PATH | c.O_DIRECTORY, 0);
  copy.kept.add(directory);
  copy.links.set(inode, { directory, name: to.name });
}
