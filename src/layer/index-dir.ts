/**
 * The index: a directory beside work that keeps hard links together. The first copy-up of a lower
 * file with several names is linked here too, under the name of its origin (`findIndexName`), so that the
 * other names find it, in this mount and in later ones. The kernel refuses a mount whose index holds
 * anything it does not understand, so nothing but entries is ever put here. Source:
 * fs/overlayfs/readdir.c, `ovl_indexdir_cleanup`, and namei.c, `ovl_verify_index`.
 */
import type { Fd } from '../base/ids.ts';
import type { Log } from '../base/log.ts';
import { asName, nameToText, type Name } from '../base/name.ts';
import { S_IFDIR, S_IFMT, S_IFREG } from '../os/constants.ts';
import { st, type HostFs } from '../os/host-fs.ts';
import { readNlink, unionNlink } from './nlink.ts';
import { encodeOrigin, findOriginBytes, findOriginOf, originOfIndexName } from './origin.ts';
import { findOwnXattr, trySetOwnXattr } from './own-xattr.ts';
import { removeTree } from './remove-tree.ts';
import { isWhiteoutStat } from './whiteout.ts';
import type { OverlayNames } from './xattr-names.ts';

const self = asName('');
const leftover = 0x23;

/** What became of an entry, or what it is. */
export type IndexEntry =
  /** A hard-linked object of which names are left, in the upper or below. */
  | 'live'
  /** Nothing in the union has this object any more. */
  | 'orphan'
  /** Not finished when its maker stopped, or it names another object than it is. */
  | 'stale'
  /** Of no use to us, and kept: a directory or a whiteout, as nfs_export makes them. */
  | 'other'
  /** Not an index entry at all: the kernel refuses to mount over it. */
  | 'unknown';

/** Whether an object of this type can be an entry: of `user.*` attributes, which it needs, only files can have any. */
export function canBeIndexed(type: number, names: OverlayNames): boolean {
  return !names.user || type === S_IFREG;
}

/** What a name in the index is. */
export function classifyIndexEntry(fs: HostFs, index: Fd, name: Name, names: OverlayNames): IndexEntry {
  if (name.charCodeAt(0) === leftover) return 'stale';
  const expected = originOfIndexName(name);
  if (expected === undefined) return 'unknown';
  if (!fs.findStatx(index, name)) return 'stale';
  if (isWhiteoutStat(fs.stat) || ((fs.stat[st.mode] ?? 0) & S_IFMT) === S_IFDIR) return 'other';
  const nlink = fs.stat[st.nlink] ?? 0;
  const origin = findOriginBytes(fs, index, name, names);
  if (origin === undefined) return 'unknown';
  if (!origin.equals(expected)) return 'stale';
  if (nlink > 1) return 'live';
  // No name in the upper is left; there may still be one below that shows this object.
  const stored = readNlink(fs, index, name, names);
  if (stored === undefined) return 'orphan';
  if (stored.relative === 'lower') return 'live';
  return unionNlink(0, nlink, stored) === undefined ? 'orphan' : 'live';
}

/** Removes stale entries and orphans, and warns of what it does not understand. */
export function cleanIndex(fs: HostFs, index: Fd, names: OverlayNames, log: Log): void {
  for (const name of fs.listDirectory(index).names) {
    const entry = classifyIndexEntry(fs, index, name, names);
    if (entry === 'stale' || entry === 'orphan') removeTree(fs, index, name);
    else if (entry === 'unknown') log.warn(`not an index entry, left alone: index/${nameToText(name)}`);
  }
}

/** Removes the whole index of an upper that needs none any more. */
export function removeIndex(fs: HostFs, workRoot: Fd): void {
  removeTree(fs, workRoot, indexDirectoryName);
}

/** Its name in the directory that was given as workdir. */
export const indexDirectoryName: Name = asName('index');

/**
 * `verified`: upper, index and top lower layer belong together, and say so now. `other-upper`,
 * `other-lower`: they say that they belong to others (copied or moved to another file system, or the
 * layers were changed): the index must not be used. `unsupported`: no file handles, or no attributes.
 */
export type IndexBinding = 'verified' | 'other-upper' | 'other-lower' | 'unsupported';

/**
 * Ties an index to its upper (`overlay.upper` on the index directory) and the upper to its top lower
 * layer (`overlay.origin` on the upper's root), or verifies that they are tied already. Needed before
 * any entry is made: the kernel does the same at mount, and refuses what is tied otherwise (ESTALE).
 */
export function bindIndex(
  fs: HostFs,
  parts: { index: Fd; upper: Fd; lower: Fd; names: OverlayNames },
): IndexBinding {
  const { names } = parts;
  const origin = findOriginOf(fs, parts.lower, self, fs.fsUuid(parts.lower));
  const upper = upperHandle(fs, parts.upper);
  if (origin === undefined || upper === undefined) return 'unsupported';
  const lowerTie = verifyOrSet(fs, parts.upper, names.origin, origin, names);
  if (lowerTie !== 'same') return lowerTie === 'other' ? 'other-lower' : 'unsupported';
  const upperTie = verifyOrSet(fs, parts.index, names.upper, upper, names);
  if (upperTie !== 'same') return upperTie === 'other' ? 'other-upper' : 'unsupported';
  return 'verified';
}

/** Whether an index says that it belongs to another upper. Unlike `bindIndex` it changes nothing. */
export function isIndexOfOther(fs: HostFs, parts: { index: Fd; upper: Fd; names: OverlayNames }): boolean {
  const stored = findOwnXattr(fs, parts.index, self, parts.names.upper, parts.names);
  const upper = stored === undefined || stored.length === 0 ? undefined : upperHandle(fs, parts.upper);
  return upper !== undefined && stored?.equals(upper) === false;
}

function upperHandle(fs: HostFs, upper: Fd): Buffer | undefined {
  const handle = fs.findHandle(upper, self);
  return handle === undefined ? undefined : encodeOrigin(handle, fs.fsUuid(upper), true);
}

/** `same` now, or before. An empty value says nothing, as in `ovl_get_fh`. */
function verifyOrSet(
  fs: HostFs,
  dir: Fd,
  attribute: Name,
  value: Buffer,
  names: OverlayNames,
): 'same' | 'other' | 'unsupported' {
  const stored = findOwnXattr(fs, dir, self, attribute, names);
  if (stored !== undefined && stored.length > 0) return stored.equals(value) ? 'same' : 'other';
  return trySetOwnXattr(fs, dir, self, attribute, value, names) ? 'same' : 'unsupported';
}
