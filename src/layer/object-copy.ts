/**
 * Makes a whole copy of an object of a lower layer in the work directory, under a temporary name: type,
 * data with its holes, owner, attributes, flags, mode, times. Nobody sees it before its maker renames or
 * links it into the upper; a crash leaves it to the next clean-up of work. This is the copy of a tool
 * that works on layers at rest; a mount has one of its own, which must also be quick.
 */
import { fsError } from '../base/fs-error.ts';
import type { Fd } from '../base/ids.ts';
import { asName, type Name } from '../base/name.ts';
import {
  O_CREAT,
  O_EXCL,
  O_NOFOLLOW,
  O_RDONLY,
  O_RDWR,
  S_IFDIR,
  S_IFLNK,
  S_IFMT,
  S_IFREG,
} from '../os/constants.ts';
import { st, type HostFs } from '../os/host-fs.ts';
import { aclAccess, aclDefault } from './acl.ts';
import { copyXattrs } from './attributes.ts';
import { copyInodeFlags } from './inode-flags.ts';
import { protectionOf, setProtattr } from './protattr.ts';
import type { OverlayNames } from './xattr-names.ts';

const self = asName('');

/** Both O_PATH; `data` is where the content of a regular file is, EIO where that is missing. */
export interface CopySource {
  readonly object: Fd;
  readonly data: Fd | undefined;
}

/** What of the object a caller needs to know, as the copy was made of it. */
export interface CopiedFacts {
  readonly mode: number;
  readonly nlink: number;
}

/** Makes the copy at (work, temp), synced. A directory comes out empty. */
export async function copyObject(
  fs: HostFs,
  source: CopySource,
  work: Fd,
  temp: Name,
  names: OverlayNames,
): Promise<CopiedFacts> {
  fs.statx(source.object, self);
  const facts = Float64Array.from(fs.stat);
  const mode = facts[st.mode] ?? 0;
  const type = mode & S_IFMT;
  if (type === S_IFDIR) fs.mkdirat(work, temp, 0o700);
  else if (type === S_IFLNK) fs.symlinkat(fs.readlinkat(source.object, self), work, temp);
  else if (type === S_IFREG) await copyContent(fs, source, facts[st.size] ?? 0, work, temp);
  else fs.mknodat(work, temp, type | 0o600, facts[st.rdev] ?? 0);
  copyMetadata(fs, source.object, facts, work, temp, names);
  return { mode, nlink: facts[st.nlink] ?? 0 };
}

/**
 * Writes the data of `from` (O_PATH) into the file open as `to`, cut or extended to `size`, and waits
 * until it is on the disk. An empty `from` takes nothing away from `to`.
 */
export async function copyDataTo(fs: HostFs, from: Fd, to: Fd, size: number): Promise<void> {
  fs.statx(from, self);
  const available = fs.stat[st.size] ?? 0;
  const source = fs.reopen(from, O_RDONLY);
  try {
    if (available > 0) await fs.copyData(source, to, Math.min(size, available), { sync: false });
    fs.ftruncate(to, size);
    await fs.fsync(to, false);
  } finally {
    fs.close(source);
  }
}

async function copyContent(
  fs: HostFs,
  source: CopySource,
  size: number,
  work: Fd,
  temp: Name,
): Promise<void> {
  const to = fs.openat(work, temp, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  try {
    if (source.data === undefined) throw fsError('EIO', { syscall: 'copy_up' });
    await copyDataTo(fs, source.data, to, size);
  } finally {
    fs.close(to);
  }
}

/** In this order: a change of owner drops capabilities, a list sets the mode, and everything sets times. */
function copyMetadata(
  fs: HostFs,
  object: Fd,
  facts: Float64Array,
  work: Fd,
  temp: Name,
  names: OverlayNames,
): void {
  const mode = facts[st.mode] ?? 0;
  fs.findRemoveXattr(work, temp, aclDefault);
  fs.findRemoveXattr(work, temp, aclAccess);
  fs.fchownat(work, temp, facts[st.uid] ?? 0, facts[st.gid] ?? 0);
  copyXattrs(fs, object, self, work, temp, names);
  const flags = protectionOf(facts);
  if (flags !== 0) setProtattr(fs, work, temp, flags, names);
  const type = mode & S_IFMT;
  if (type !== S_IFLNK) fs.fchmodat(work, temp, mode & 0o7777);
  if (type === S_IFREG || type === S_IFDIR) copyInodeFlags(fs, { dir: object, name: self }, work, temp);
  fs.utimensat(
    work,
    temp,
    { sec: facts[st.atimeSec] ?? 0, nsec: facts[st.atimeNsec] ?? 0 },
    { sec: facts[st.mtimeSec] ?? 0, nsec: facts[st.mtimeNsec] ?? 0 },
  );
}
