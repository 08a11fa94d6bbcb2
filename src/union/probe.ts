/**
 * Finds a name in the lower directories of a merged directory. A few names are probed with statx, layer
 * by layer; when that has cost as much as reading the directories would, they are read and an index
 * answers from then on (a directory of a million entries is not read for one lookup, nor are twenty
 * thousand absent names probed in each of a hundred layers).
 */
import { isFsError } from '../base/fs-error.ts';
import type { Fd } from '../base/ids.ts';
import { asName, type Name } from '../base/name.ts';
import { aufsOpaqueName, aufsWhiteoutName, isAufsMetadata } from '../layer/aufs.ts';
import { hasWhiteoutMark, isEmptyFileStat, isWhiteoutStat } from '../layer/whiteout.ts';
import { NAME_MAX } from '../os/constants.ts';
import type { Attr } from '../vfs/attr.ts';
import type { UnionCore } from './core.ts';
import { findStat } from './covered-dir.ts';
import { DirectoryIndex } from './directory-index.ts';
import type { DirState, Node } from './node.ts';
import type { RealDir } from './real-dir.ts';

/**
 * An index is worth its cost after this many probes, those of the lookup at hand among them, and one more for each so many
 * bytes of directory. A small directory is opened to be probed, and read for little more.
 */
const freeProbes = 12;
const bytesPerProbe = 400;
const smallDirectory = 4096;

/** The index of `node`, made now if it is not there. */
export function indexOf(core: UnionCore, node: Node): DirectoryIndex {
  const dir = node.dir;
  if (dir === undefined) throw new Error('an index of what is not a directory');
  if (dir.index !== undefined) {
    core.listings.touch(node);
    return dir.index;
  }
  dir.index = new DirectoryIndex(core.fs, core.dirs, dir.lowers);
  dir.probes = 0;
  core.counters.listings += 1;
  core.listings.renew(node);
  return dir.index;
}

/**
 * Position among the lowers of `parent` of what `name` shows there, at or after `from`; -1 where there is
 * nothing, or a whiteout. `attr` and `core.fs.stat` tell about what was found.
 */
export function probe(core: UnionCore, parent: Node, name: Name, from: number, attr: Attr): number {
  const dir = parent.dir;
  if (dir === undefined || from >= dir.lowers.length) return -1;
  if (core.features.aufs && isAufsMetadata(name)) return -1;
  if (core.features.layersChange === true) return probeEach(core, parent, name, from, attr);
  if (dir.index === undefined && isIndexWorthIt(dir.probes, dir.lowers)) tryIndex(core, parent, dir);
  if (dir.index === undefined) return probeEach(core, parent, name, from, attr);
  core.counters.indexHits += 1;
  const position = dir.index.position(name, from);
  if (position < 0) return -1;
  return statLower(core, dir.lowers[position] as RealDir, name, attr) === 'found' ? position : -1;
}

/** A directory that may be searched and not read is probed for ever. */
function tryIndex(core: UnionCore, node: Node, dir: DirState): void {
  try {
    indexOf(core, node);
  } catch (thrown) {
    if (!isFsError(thrown, 'EACCES')) throw thrown;
    dir.probes = -Infinity;
  }
}

/** The same without an index, for a name other than the one that the index was asked first. */
export function probeEach(core: UnionCore, parent: Node, name: Name, from: number, attr: Attr): number {
  const dir = parent.dir;
  if (dir === undefined) return -1;
  for (let position = from; position < dir.lowers.length; position++) {
    dir.probes += 1;
    const real = dir.lowers[position] as RealDir;
    const seen = statLower(core, real, name, attr);
    if (seen === 'found') return position;
    if (seen === 'whiteout' || isHiddenBelow(core, real, name)) return -1;
  }
  return -1;
}

/** Whether an AUFS whiteout in `dir` hides `name` in the layers below. Leaves `stat` alone. */
export function isHiddenBelow(core: UnionCore, dir: RealDir, name: Name): boolean {
  if (!mayHoldAufsNames(core, dir)) return false;
  const whiteout = aufsWhiteoutName(name);
  return whiteout.length <= NAME_MAX && exists(core, core.dirs.fd(dir), whiteout);
}

/** Whether `dir` holds the AUFS mark of an opaque directory. One that the server may not search is taken for none that does. */
export function isAufsOpaqueDir(core: UnionCore, dir: RealDir): boolean {
  if (!mayHoldAufsNames(core, dir)) return false;
  try {
    // It is a directory and stays one, and nothing is mounted there: no need to open it.
    return dir.layer.detached
      ? exists(core, core.at(dir), asName(`${dir.name}/${aufsOpaqueName}`))
      : exists(core, core.dirs.fd(dir), aufsOpaqueName);
  } catch (thrown) {
    // Its attributes can be told, and its owner may change its mode.
    if (isFsError(thrown, 'EACCES')) return false;
    throw thrown;
  }
}

function mayHoldAufsNames(core: UnionCore, dir: RealDir): boolean {
  return dir.layer.aufs && !dir.isCovered && dir.hasAufsNames !== false && !core.isBottom(dir.layer);
}

/** Looks at one object of a lower layer. */
export function statLower(
  core: UnionCore,
  dir: RealDir,
  name: Name,
  attr: Attr,
): 'found' | 'whiteout' | 'absent' {
  if (dir.isCovered) return 'absent';
  core.counters.probes += 1;
  if (!findStat(core, dir, name, attr)) return 'absent';
  if (isWhiteoutStat(core.fs.stat)) return 'whiteout';
  if (!isEmptyFileStat(core.fs.stat)) return 'found';
  // In whatever directory, as for the kernel's overlayfs; `xattrWhiteouts` is for who reads all names.
  return hasWhiteoutMark(core.fs, core.dirs.fd(dir), name, core.names) ? 'whiteout' : 'found';
}

function exists(core: UnionCore, dir: Fd, path: Name): boolean {
  const saved = core.fs.stat.slice();
  const found = core.fs.findStatx(dir, path);
  core.fs.stat.set(saved);
  return found;
}

function isIndexWorthIt(before: number, lowers: readonly RealDir[]): boolean {
  const probes = before + lowers.length;
  if (probes <= freeProbes) return false;
  let bytes = 0;
  for (const dir of lowers) bytes += Math.max(0, dir.size - smallDirectory);
  return probes > freeProbes + bytes / bytesPerProbe;
}
