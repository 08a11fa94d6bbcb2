/**
 * The attributes of a node: those of the real object, but for what the union knows better: the inode
 * number, which stays that of the origin, the link count, the blocks of a metacopy file, and the owner's ids.
 */
import { STATX_BTIME } from '../os/constants.ts';
import { st, type HostFs } from '../os/host-fs.ts';
import type { Attr } from '../vfs/attr.ts';
import type { Statx } from '../vfs/file-system.ts';
import type { UnionCore } from './core.ts';
import { statPlace } from './covered-dir.ts';
import type { Node } from './node.ts';

/** Reads the attributes of `node` into `attr`. `core.fs.stat` tells about its real object, too. */
export function readAttributes(core: UnionCore, node: Node, attr: Attr): void {
  const { place } = node;
  statPlace(core, place, attr);
  finishAttributes(core, node, attr);
}

/** Turns what statx said of the real object of `node` into what the union says. */
export function finishAttributes(core: UnionCore, node: Node, attr: Attr): void {
  attr.setIno(node.inoLow, node.inoHigh);
  if (node.dir !== undefined) {
    if (node.isRemoved) attr.nlink = 0;
    else if (core.features.staticNlink === true) attr.nlink = 1;
    else if (node.dir.lowers.length + (node.dir.upper === undefined ? 0 : 1) > 1) attr.nlink = 1;
  } else if (node.nlinkDelta !== 0) {
    attr.nlink = Math.max(0, attr.nlink + node.nlinkDelta);
  }
  if (node.held !== undefined) attr.setTimes(node.held.atime, node.held.mtime);
  if (node.data !== undefined) {
    core.fs.statx(core.at(node.data), node.data.name);
    attr.blocks = core.fs.stat[st.blocks] ?? 0;
  }
  if (core.ids !== undefined) core.ids.show(attr);
}

/** The same with the time of birth. */
export function readStatx(core: UnionCore, node: Node, attr: Attr): Statx {
  const { place } = node;
  statPlace(core, place, attr);
  const { stat } = core.fs;
  const birth = {
    btimeSec: stat[st.btimeSec] ?? 0,
    btimeNsec: stat[st.btimeNsec] ?? 0,
    hasBtime: ((stat[st.mask] ?? 0) & STATX_BTIME) !== 0,
  };
  finishAttributes(core, node, attr);
  return birth;
}

/**
 * By which all names of a file with several links find one node; `attr` is what was looked at last. Not
 * its layer: subvolumes below one root have inode numbers of their own.
 */
export function keyOf(fs: HostFs, attr: Attr): string {
  return `${String(fs.stat[st.dev])}:${String(attr.inoHigh)}:${String(attr.inoLow)}`;
}
