/**
 * Which object below a copied-up one came from: its inode number is kept over copy-up and remounts by
 * the origin attribute, and the names of a lower file with several links stay one file by work/index
 * (fs/overlayfs/namei.c, ovl_check_origin_fh and ovl_lookup_index).
 */
import { decodeOrigin, findOriginBytes, findOriginOf, indexName } from '../layer/origin.ts';
import { readNlink, unionNlink } from '../layer/nlink.ts';
import type { Name } from '../base/name.ts';
import { mark, st } from '../os/host-fs.ts';
import type { UnionCore } from './core.ts';
import { keyOf } from './lookup.ts';
import type { Node } from './node.ts';
import { Place } from './real-dir.ts';

/**
 * Gives an upper node the inode number of its origin, and, if the index keeps it (`linked`), its place
 * there and its link count (`nlink` of the upper inode).
 */
export function adoptOrigin(core: UnionCore, node: Node, place: Place, linked: boolean, nlink: number): void {
  const bytes = findOriginBytes(core.fs, core.at(place), place.name, core.names);
  const origin = bytes === undefined ? undefined : decodeOrigin(bytes);
  if (bytes === undefined || origin === undefined || origin === 'empty') return;
  const layer = core.lowers.find((candidate) => candidate.uuid.equals(origin.uuid));
  if (layer === undefined) return;
  const fd = core.fs.findOpenByHandle(layer.root, origin.handle);
  if (fd === undefined) return;
  try {
    const attr = core.scratch;
    core.fs.statx(fd, '' as Name, attr.buffer, attr.offset);
    if (attr.nlink > 1 && !linked) return;
    core.setIno(node, layer, attr.inoLow, attr.inoHigh);
    if (!linked || core.indexDir === undefined) return;
    core.nodes.addKey(node, keyOf(layer.fsid, attr));
    adoptIndexEntry(core, node, indexName(bytes), attr.nlink, nlink);
  } finally {
    core.fs.close(fd);
  }
}

/** If the index has a copy of the lower file at `place`, that is the node's upper object. */
export function adoptIndexed(core: UnionCore, node: Node, place: Place, lowerNlink: number): boolean {
  const origin = findOriginOf(core.fs, core.at(place), place.name, place.layer.uuid);
  if (origin === undefined || core.indexDir === undefined) return false;
  const name = indexName(origin);
  if (!core.fs.findStatx(core.dirs.fd(core.indexDir), name)) return false;
  adoptIndexEntry(core, node, name, lowerNlink, core.fs.stat[st.nlink] ?? 1);
  return true;
}

function adoptIndexEntry(
  core: UnionCore,
  node: Node,
  name: Name,
  lowerNlink: number,
  upperNlink: number,
): void {
  const { indexDir } = core;
  if (indexDir === undefined) return;
  const fd = core.dirs.fd(indexDir);
  if (!core.fs.findStatx(fd, name)) return;
  const nlink = readNlink(core.fs, fd, name, core.names);
  const union = nlink === undefined ? undefined : unionNlink(lowerNlink, upperNlink, nlink);
  node.upper = new Place(indexDir.layer, indexDir, name);
  node.indexed = true;
  node.lowerNlink = lowerNlink;
  node.nlinkDelta = union === undefined ? -1 : union - upperNlink;
  if (!node.isRegular || node.lower === undefined) return;
  const isMetacopy = (core.fs.overlayMarks(fd, name, core.names.prefix) & mark.metacopy) !== 0;
  node.data = isMetacopy && core.followsMetacopy ? (node.data ?? node.lower) : undefined;
}
