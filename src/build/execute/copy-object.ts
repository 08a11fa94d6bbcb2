/**
 * Copies one object into a directory: type, data with its holes, owner, attributes, mode, times. What is there
 * under its name goes, unless one of the two is a directory and the other is not.
 */
import { isFsError } from '../../base/fs-error.ts';
import type { Fd } from '../../base/ids.ts';
import { asName, nameToText, type Name } from '../../base/name.ts';
import { UserError } from '../../base/user-error.ts';
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
} from '../../os/constants.ts';
import { st, type HostFs } from '../../os/host-fs.ts';
import { isCarried } from '../context/content-key.ts';
import type { ModeChange } from './modes.ts';
import type { Owner } from './target-tree.ts';

export interface CopyAttributes {
  /** undefined: the object's own. */
  readonly owner: Owner | undefined;
  readonly mode: ModeChange | undefined;
}

const self = asName('');
/** Larger files are copied on the thread pool. */
const smallFile = 1 << 20;

/** What `copyMetadata` needs to know of an object. */
export function factsOf(fs: HostFs, source: Fd): Float64Array {
  fs.statx(source, self);
  return Float64Array.from(fs.stat);
}

/** Makes a directory at (directory, name), or takes the one that is there. UserError `not-a-directory`. */
export function makeDirectory(fs: HostFs, directory: Fd, name: Name): void {
  try {
    fs.mkdirat(directory, name, 0o700);
  } catch (error) {
    if (!isFsError(error, 'EEXIST')) throw error;
    fs.statx(directory, name);
    if (((fs.stat[st.mode] ?? 0) & S_IFMT) === S_IFDIR) return;
    throw new UserError('not-a-directory', `"${nameToText(name)}" is there and is no directory`, {
      hint: 'choose another destination, or remove it in a RUN before',
      cause: error,
    });
  }
}

/** Copies anything but a directory; `source` is O_PATH. UserError `is-a-directory`. */
export async function copyObject(
  fs: HostFs,
  source: Fd,
  to: { readonly directory: Fd; readonly name: Name },
  attributes: CopyAttributes,
): Promise<void> {
  const { directory, name } = to;
  const facts = factsOf(fs, source);
  const type = (facts[st.mode] ?? 0) & S_IFMT;
  makeRoom(fs, directory, name);
  if (type === S_IFLNK) fs.symlinkat(fs.readlinkat(source, self), directory, name);
  else if (type === S_IFREG) await copyContent(fs, source, facts[st.size] ?? 0, to);
  else fs.mknodat(directory, name, type | 0o600, facts[st.rdev] ?? 0);
  copyMetadata(fs, source, facts, { ...to, attributes });
}

/** Takes away what lies at (directory, name), if anything does. UserError `is-a-directory`. */
export function makeRoom(fs: HostFs, directory: Fd, name: Name): void {
  try {
    fs.findUnlinkat(directory, name, 0);
  } catch (error) {
    if (!isFsError(error, 'EISDIR')) throw error;
    throw new UserError('is-a-directory', `"${nameToText(name)}" is a directory in the image`, {
      hint: 'a file cannot take its place: remove it in a RUN before, or choose another destination',
      cause: error,
    });
  }
}

/** In this order: a change of owner drops capabilities and bits, a list sets the mode, everything sets times. */
export function copyMetadata(
  fs: HostFs,
  source: Fd,
  facts: Float64Array,
  to: { readonly directory: Fd; readonly name: Name; readonly attributes: CopyAttributes },
): void {
  const { directory, name, attributes } = to;
  const owner = attributes.owner ?? { uid: facts[st.uid] ?? 0, gid: facts[st.gid] ?? 0 };
  const mode = facts[st.mode] ?? 0;
  fs.fchownat(directory, name, owner.uid, owner.gid);
  for (const attribute of fs.listXattrs(source, self).filter(isCarried)) {
    const value = fs.findXattr(source, self, attribute);
    if (value !== undefined) fs.setXattr(directory, name, attribute, value, 0);
  }
  if ((mode & S_IFMT) !== S_IFLNK) fs.fchmodat(directory, name, attributes.mode?.(mode) ?? mode & 0o7777);
  const modified = { sec: facts[st.mtimeSec] ?? 0, nsec: facts[st.mtimeNsec] ?? 0 };
  fs.utimensat(directory, name, modified, modified);
}

async function copyContent(
  fs: HostFs,
  source: Fd,
  size: number,
  { directory, name }: { readonly directory: Fd; readonly name: Name },
): Promise<void> {
  const from = fs.reopen(source, O_RDONLY);
  try {
    const to = fs.openat(directory, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
    try {
      if (size <= smallFile) fs.copyDataSync(from, to, size);
      else await fs.copyData(from, to, size, { sync: false });
    } finally {
      fs.closeWritten(to);
    }
  } finally {
    fs.close(from);
  }
}
