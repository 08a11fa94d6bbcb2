/**
 * Which object below a copied-up one came from: its inode number is kept over copy-up and remounts by
 * the origin attribute, and the names of a lower file with several links stay one file by work/index
 * (fs/overlayfs/namei.c, ovl_check_origin_fh and ovl_lookup_index).
 */
import { canBeIndexed } from '../layer/index-dir.ts';
import { decodeOrigin, findIndexName, findOriginBytes, findOriginOf } from '../layer/origin.ts';
import { readNlink, unionNlink } from '../layer/nlink.ts';
import { protectionOf, readProtattr } from '../layer/protattr.ts';
import { valueOf } from '../layer/redirect.ts';
import type { Name } from '../base/name.ts';
import { S_IFMT } from '../os/constants.ts';
import { mark, st } from '../os/host-fs.ts';
import { keyOf } from './attributes.ts';
import type { UnionCore } from './core.ts';
import type { Layer } from './layer.ts';
import { followed } from './lower-stack.ts';
import type { Node } from './node.ts';
import { Place } from './real-dir.ts';

/** What the index has for a lower file: the upper object of all its names. */
export interface IndexEntry {
  readonly name: Name;
  /** By which the upper names of the file find their node. */
  readonly key: string;
  /** Links of the upper inode, this entry included. */
  readonly nlink: number;
  readonly size: number;
  /** Flags that it has itself: see `Node.sealed`. */
  readonly sealed: number;
}

/**
 * Gives an upper node the inode number of its origin, and, if the index keeps it (`linked`), its place
 * there and its link count.
 */
export function adoptOrigin(core: UnionCore, node: Node, place: Place, linked: boolean): void {
  const bytes = findOriginBytes(core.fs, core.at(place), place.name, core.names);
  const origin = bytes === undefined ? undefined : decodeOrigin(bytes);
  if (bytes === undefined || origin === undefined || origin === 'empty') return;
  const first = core.lowers.find((layer) => !layer.sharesUuid && layer.uuid.equals(origin.uuid));
  if (first === undefined) return;
  const fd = core.fs.findOpenByHandle(first.root, origin.handle);
  if (fd === undefined) return;
  try {
    const attr = core.scratch;
    core.fs.statx(fd, '' as Name, attr.buffer, attr.offset);
    const { stat } = core.fs;
    const { nlink } = attr;
    if (((stat[st.mode] ?? 0) & S_IFMT) !== node.type) return;
    const name = entryNameOf(core, node.type, bytes);
    // Copies of one lower inode that nothing keeps together are several files.
    if (nlink > 1 && (!linked || (core.indexDir !== undefined && name === undefined))) return;
    const layer = core.lowers.find(({ dev }) => dev === stat[st.dev]) ?? likelyLayer(node, first);
    core.setIno(node, { layer, dev: stat[st.dev] ?? layer.dev }, attr.inoLow, attr.inoHigh);
    if (!linked || name === undefined) return;
    core.nodes.addKey(node, keyOf(core.fs, attr));
    const entry = statEntry(core, name);
    if (entry !== undefined) adoptIndexEntry(core, node, entry, nlink);
  } finally {
    core.fs.close(fd);
  }
}

/**
 * The layer of a file in a subvolume that is no layer's root: the one that its directory shows, of those on the
 * file system of `first`.
 */
function likelyLayer(node: Node, first: Layer): Layer {
  const lowers = node.parent?.dir?.lowers ?? [];
  return lowers.find(({ layer }) => layer.uuid.equals(first.uuid))?.layer ?? first;
}

/** Whether the index keeps the names of files of this type of a lower layer together. */
export function keepsLinks(core: UnionCore, lower: Layer, type: number): boolean {
  return core.indexDir !== undefined && !lower.sharesUuid && canBeIndexed(type, core.names);
}

/**
 * The name that a lower file of this type has in the index, if it is there; undefined where it cannot be.
 * `origin`: that of the file.
 */
export function entryNameOf(core: UnionCore, type: number, origin: Buffer | undefined): Name | undefined {
  if (origin === undefined || core.indexDir === undefined || !canBeIndexed(type, core.names))
    return undefined;
  return findIndexName(origin);
}

/** The same for what lies at `place`. */
export function findEntryName(core: UnionCore, type: number, place: Place): Name | undefined {
  if (!keepsLinks(core, place.layer, type)) return undefined;
  return entryNameOf(core, type, findOriginOf(core.fs, core.at(place), place.name, place.layer.uuid));
}

/** The copy that the index has under `name`; undefined where it has none. */
export function statEntry(core: UnionCore, name: Name): IndexEntry | undefined {
  const { indexDir, scratch } = core;
  if (indexDir === undefined) return undefined;
  if (!core.fs.findStatx(core.dirs.fd(indexDir), name, scratch.buffer, scratch.offset)) return undefined;
  const { nlink, size } = scratch;
  return { name, key: keyOf(core.fs, scratch), nlink, size, sealed: protectionOf(core.fs.stat) };
}

/** The entry is the upper object of `node` from now on, a file with `lowerNlink` links below. */
export function adoptIndexEntry(core: UnionCore, node: Node, entry: IndexEntry, lowerNlink: number): void {
  const { indexDir } = core;
  if (indexDir === undefined) return;
  const fd = core.dirs.fd(indexDir);
  const nlink = readNlink(core.fs, fd, entry.name, core.names);
  const union = nlink === undefined ? undefined : unionNlink(lowerNlink, entry.nlink, nlink);
  const marks = node.isRegular ? core.fs.overlayMarks(fd, entry.name, core.names.prefix) : 0;
  core.nodes.addKey(node, entry.key);
  node.upper = new Place(indexDir.layer, indexDir, entry.name);
  const kept = (marks & mark.other) === 0 ? 0 : readProtattr(core.fs, fd, entry.name, core.names);
  node.sealed = entry.sealed | kept;
  node.copied = true;
  node.indexed = true;
  node.countsFromUpper = nlink?.relative === 'upper';
  node.lowerNlink = lowerNlink;
  node.nlinkDelta = union === undefined ? -1 : union - entry.nlink;
  if (!node.isRegular || node.lower === undefined) return;
  const isMetacopy = core.followsMetacopy && (marks & mark.metacopy) !== 0;
  node.hasStaleMark = isMetacopy && entry.size === 0;
  node.data = isMetacopy && entry.size > 0 ? (node.data ?? node.lower) : undefined;
  // Of whichever name it was written: it holds for all, and must not be written anew for another.
  if (node.data === undefined || node.redirect !== undefined || (marks & mark.redirect) === 0) return;
  const redirect = followed(core, node.upper);
  node.redirect = redirect === undefined ? undefined : valueOf(redirect);
}
