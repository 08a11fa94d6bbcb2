/**
 * Turns a name in a merged directory into a node: the upper first, then what shows through from below.
 * What is found here is all that the other acts know of an object: where it lies, in which layers, and
 * what its overlay attributes say.
 */
import { fsError } from '../base/fs-error.ts';
import type { Name } from '../base/name.ts';
import { isAufsMetadata } from '../layer/aufs.ts';
import { valueOf } from '../layer/redirect.ts';
import { protectionOf, readProtattr } from '../layer/protattr.ts';
import { NAME_MAX, S_IFDIR, S_IFMT, S_IFREG } from '../os/constants.ts';
import { mark, st } from '../os/host-fs.ts';
import type { Attr } from '../vfs/attr.ts';
import { finishAttributes, keyOf, readAttributes } from './attributes.ts';
import type { UnionCore } from './core.ts';
import { findStat, foundDirectory } from './covered-dir.ts';
import { adoptIndexEntry, adoptOrigin, findEntryName, keepsLinks, statEntry } from './identity.ts';
import { isImpure } from './impure.ts';
import { findData, hasRedirect, isLast, isMetacopy, noData } from './lower-data.ts';
import { followed, LowerStack, readMarks } from './lower-stack.ts';
import { DirState, type Node } from './node.ts';
import { isAufsOpaqueDir, isHiddenBelow, probe } from './probe.ts';
import { isStillThere, letGo } from './replaced.ts';
import { mayHold } from './upper-names.ts';
import { isUpperWhiteout } from './upper-whiteouts.ts';
import { Place, type RealDir } from './real-dir.ts';

/**
 * The node that `name` of `parent` is, with its attributes; undefined where there is none. Does not
 * count as a lookup. ENOTDIR, ENAMETOOLONG.
 */
export function lookup(core: UnionCore, parent: Node, name: Name, attr: Attr): Node | undefined {
  const { dir } = parent;
  if (dir === undefined) throw fsError('ENOTDIR');
  const known = dir.children.get(name);
  if (known !== undefined) {
    if (core.features.layersChange !== true || isStillThere(core, parent, name, known)) {
      readAttributes(core, known, attr);
      return known;
    }
    letGo(core, parent, name, known);
  }
  // Where the names of a directory are known, no layer would say so.
  if (name.length > NAME_MAX) throw fsError('ENAMETOOLONG');
  if (dir.upper !== undefined) {
    if (core.features.aufs && isAufsMetadata(name)) return undefined;
    if (mayHold(core, dir.upper, name) && findStat(core, dir.upper, name, attr)) {
      if (isUpperWhiteout(core, dir.upper, name)) return undefined;
      const key = sightedKey(core, attr);
      const node = isDirectory(core)
        ? upperDirectory(core, parent, name, attr)
        : upperFile(core, parent, name, attr);
      return sighted(core, node, key);
    }
    if (dir.opaque || isHiddenBelow(core, dir.upper, name)) return undefined;
  }
  const position = probe(core, parent, name, 0, attr);
  if (position < 0) return undefined;
  const key = sightedKey(core, attr);
  const node = isDirectory(core)
    ? lowerDirectory(core, parent, name, position, attr)
    : lowerFile(core, parent, name, position, attr);
  return sighted(core, node, key);
}

/** Which object was looked at last, where that has to be remembered. */
function sightedKey(core: UnionCore, attr: Attr): string | undefined {
  return core.features.layersChange === true ? keyOf(core.fs, attr) : undefined;
}

function sighted(core: UnionCore, node: Node, key: string | undefined): Node {
  if (key !== undefined) core.sightings.isFirst(node.place, key);
  return node;
}

/** The same for an act that needs it: ENOENT. */
export function getChild(core: UnionCore, parent: Node, name: Name): Node {
  const known = parent.dir?.children.get(name);
  if (known !== undefined) return known;
  const node = lookup(core, parent, name, core.unasked);
  if (node === undefined) throw fsError('ENOENT');
  return node;
}

function upperDirectory(core: UnionCore, parent: Node, name: Name, attr: Attr): Node {
  const inside = parent.dir?.upper as RealDir;
  const sealed = protectionOf(core.fs.stat);
  const real = foundDirectory(core, inside, name);
  if (real.isCovered) return coveredDirectory(core, parent, name, real, attr);
  const marks = readMarks(core, real);
  const lowerAttr = core.scratch;
  const stack = new LowerStack(core, lowerAttr);
  const opaque = marks.opaque || hasAufsMark(core, inside, real, marks.redirect !== undefined);
  if (!opaque) stack.collect(parent, name, marks.redirect);
  const top = stack.dirs[0];
  // Not what was looked at last. It may fail: there is no node before.
  if (top !== undefined) core.fs.statx(core.at(top), top.name, lowerAttr.buffer, lowerAttr.offset);
  const node = core.nodes.add(S_IFDIR, parent, name);
  node.upper = real;
  node.redirect = marks.redirect === undefined ? undefined : valueOf(marks.redirect);
  node.dir = new DirState(real, stack.dirs, opaque);
  node.dir.impure = marks.impure;
  node.sealed = marks.other ? sealed | keptSeal(core, node) : sealed;
  node.lower = top;
  if (top === undefined) core.setIno(node, real, attr.inoLow, attr.inoHigh);
  else core.setIno(node, top, lowerAttr.inoLow, lowerAttr.inoHigh);
  finishAttributes(core, node, attr);
  return node;
}

/**
 * Whether AUFS's marks in the upper hide what lies below its directory `real`. What hides the name says
 * nothing about a directory that was renamed to it.
 */
function hasAufsMark(core: UnionCore, inside: RealDir, real: RealDir, renamed: boolean): boolean {
  return isAufsOpaqueDir(core, real) || (!renamed && isHiddenBelow(core, inside, real.name));
}

/**
 * A directory of the upper on which something is mounted: read like a lower one. Whatever would write to it
 * copies it up first, which fails with EBUSY, since nothing can be renamed over a mount point.
 */
function coveredDirectory(core: UnionCore, parent: Node, name: Name, real: RealDir, attr: Attr): Node {
  const stack = new LowerStack(core, core.scratch).collect(parent, name, undefined);
  const node = core.nodes.add(S_IFDIR, parent, name);
  node.lower = real;
  node.dir = new DirState(undefined, [real, ...stack.dirs], false);
  core.setIno(node, real, attr.inoLow, attr.inoHigh);
  finishAttributes(core, node, attr);
  return node;
}

function upperFile(core: UnionCore, parent: Node, name: Name, attr: Attr): Node {
  const inside = parent.dir?.upper as RealDir;
  const { stat } = core.fs;
  const sealed = protectionOf(stat);
  const type = (stat[st.mode] ?? 0) & S_IFMT;
  const linked = (stat[st.nlink] ?? 1) > 1;
  // The last name, too, may be one of a node that is known: of another name, removed while the file is open.
  const key = linked || core.nodes.hasKeys ? keyOf(core.fs, attr) : undefined;
  const known = key === undefined ? undefined : core.nodes.findByKey(key);
  if (known !== undefined) {
    core.nodes.addLink(known, parent, name);
    readAttributes(core, known, attr);
    return known;
  }
  const place = new Place(inside.layer, inside, name);
  const marks = mayBeMarked(core, parent, type)
    ? core.fs.overlayMarks(core.at(place), name, core.names.prefix)
    : 0;
  const node = core.nodes.add(type, parent, name);
  node.upper = place;
  node.sealed = (marks & mark.other) === 0 ? sealed : sealed | keptSeal(core, node);
  core.setIno(node, inside, attr.inoLow, attr.inoHigh);
  if (key !== undefined && linked) core.nodes.addKey(node, key);
  try {
    if ((marks & mark.metacopy) !== 0 && type === S_IFREG) adoptData(core, node, parent, marks, attr.size);
    node.copied = (marks & mark.origin) !== 0;
    if (node.copied) adoptOrigin(core, node, place, linked);
  } catch (thrown) {
    core.nodes.leaveIfUnused(node);
    throw thrown;
  }
  finishAttributes(core, node, attr);
  return node;
}

/** Of an upper object that has an attribute that may be the one with its flags. */
function keptSeal(core: UnionCore, { place }: Node): number {
  return readProtattr(core.fs, core.at(place), place.name, core.names);
}

/**
 * Whether an upper object of this type may carry marks. What has an origin lies in a directory that is marked
 * impure. A metacopy file without one (its lower file has several names, and there was no index) need not: the
 * kernel's overlayfs moves it and links it into any directory. Nor does its statx tell: few blocks is what
 * compression and inline data have, too, attributes take blocks of their own, and all blocks may be there before
 * their data is, when a copy was cut off. So every regular file is asked, except in directories that were
 * made in this mount, into which one comes only by an act that marks them.
 */
function mayBeMarked(core: UnionCore, parent: Node, type: number): boolean {
  if (core.lowers.length === 0) return false;
  if (type === S_IFREG && core.followsMetacopy && parent.dir?.madeHere === false) return true;
  return isImpure(core, parent);
}

/**
 * A metacopy file in the upper: finds its data, EIO without. One that is empty has its data: its truncation
 * was cut short after the first step, or the kernel copied the metadata of an empty file up.
 */
function adoptData(core: UnionCore, node: Node, parent: Node, marks: number, size: number): void {
  const place = node.upper as Place;
  if (!core.followsMetacopy) return;
  if (size === 0) {
    node.hasStaleMark = true;
    return;
  }
  const redirect = (marks & mark.redirect) === 0 ? undefined : followed(core, place);
  node.redirect = redirect === undefined ? undefined : valueOf(redirect);
  const found = findData(core, parent, { index: 1, position: 0, name: node.name, redirect });
  if (found === undefined) throw noData(core, place);
  node.data = found.data;
  node.lower = found.lower;
}

function lowerDirectory(core: UnionCore, parent: Node, name: Name, position: number, attr: Attr): Node {
  const inside = parent.dir?.lowers[position] as RealDir;
  const sealed = protectionOf(core.fs.stat);
  const real = foundDirectory(core, inside, name);
  const stack = new LowerStack(core, core.scratch).continueBelow(parent, name, real, position);
  const node = core.nodes.add(S_IFDIR, parent, name);
  node.lower = real;
  node.sealed = sealed;
  node.dir = new DirState(undefined, stack.dirs, false);
  core.setIno(node, real, attr.inoLow, attr.inoHigh);
  finishAttributes(core, node, attr);
  return node;
}

function lowerFile(core: UnionCore, parent: Node, name: Name, position: number, attr: Attr): Node {
  const inside = parent.dir?.lowers[position] as RealDir;
  const { stat } = core.fs;
  const sealed = protectionOf(stat);
  const type = (stat[st.mode] ?? 0) & S_IFMT;
  const linked = (stat[st.nlink] ?? 1) > 1 && keepsLinks(core, inside.layer, type);
  const key = linked ? keyOf(core.fs, attr) : undefined;
  const known = key === undefined ? undefined : core.nodes.findByKey(key);
  if (known !== undefined) {
    core.nodes.addLink(known, parent, name);
    readAttributes(core, known, attr);
    return known;
  }
  const place = new Place(inside.layer, inside, name);
  const entryName = key === undefined ? undefined : findEntryName(core, type, place);
  const entry = entryName === undefined ? undefined : statEntry(core, entryName);
  const above = entry === undefined ? undefined : core.nodes.findByKey(entry.key);
  if (entry !== undefined && above !== undefined) {
    // An upper name of it is known, which did not tell what it was copied up from.
    if (!above.indexed) adoptIndexEntry(core, above, entry, attr.nlink);
    core.nodes.addLink(above, parent, name);
    readAttributes(core, above, attr);
    return above;
  }
  const data =
    type === S_IFREG && attr.size > 0 && !isLast(core, inside.layer) && isMetacopy(core, place)
      ? lowerData(core, parent, place, position)
      : undefined;
  const node = core.nodes.add(type, parent, name);
  node.lower = place;
  node.sealed = sealed;
  core.setIno(node, inside, attr.inoLow, attr.inoHigh);
  node.data = data;
  if (key !== undefined && entryName !== undefined) core.nodes.addKey(node, key);
  try {
    if (entry === undefined) {
      finishAttributes(core, node, attr);
    } else {
      adoptIndexEntry(core, node, entry, attr.nlink);
      readAttributes(core, node, attr);
    }
  } catch (thrown) {
    core.nodes.leaveIfUnused(node);
    throw thrown;
  }
  return node;
}

/** The data of a metacopy file that is itself in a lower layer. */
function lowerData(core: UnionCore, parent: Node, place: Place, position: number): Place {
  const redirect = hasRedirect(core, place) ? followed(core, place) : undefined;
  const found = findData(core, parent, {
    index: place.layer.index + 1,
    position: position + 1,
    name: place.name,
    redirect,
  });
  if (found !== undefined) return found.data;
  throw noData(core, place);
}

function isDirectory(core: UnionCore): boolean {
  return ((core.fs.stat[st.mode] ?? 0) & S_IFMT) === S_IFDIR;
}
