/**
 * Reading a merged directory: what is in the upper, then what shows through. Told once is told for the
 * life of a listing, whatever is created or removed meanwhile (see `listing.ts`).
 */
import { FsError, fsError } from '../base/fs-error.ts';
import { asName, type Name } from '../base/name.ts';
import { aufsWhiteoutTargets, isAufsMetadata } from '../layer/aufs.ts';
import { DT_CHR, DT_DIR, DT_REG, DT_UNKNOWN } from '../os/constants.ts';
import type { RawListing } from '../os/host-fs.ts';
import type { DirectorySink } from '../vfs/directory-sink.ts';
import { noNodeId } from '../base/ids.ts';
import type { UnionCore } from './core.ts';
import { Cookies } from './cookies.ts';
import { findStat } from './covered-dir.ts';
import { listLower, listUpper } from './directory-index.ts';
import { isImpure } from './impure.ts';
import { guarded, letInToRead } from './let-in.ts';
import { Entries, Listing } from './listing.ts';
import { lookup } from './lookup.ts';
import type { DirState, Node } from './node.ts';
import { indexOf, probe, statLower } from './probe.ts';
import type { RealDir } from './real-dir.ts';
import { isUpperWhiteout } from './upper-whiteouts.ts';

const dot = asName('.');
const dotDot = asName('..');
const dotCookie = 1;
const dotDotCookie = 2;
/** Of so many entries of a directory, attributes are told unasked. */
const attributesUnasked = 4096;
/** And of so many more for each that was asked for by its name: who asks for all of them is told all the next time. */
const attributesPerLook = 16;

export function readdir(core: UnionCore, node: Node, cookie: number, sink: DirectorySink): void {
  read(core, node, cookie, sink, (entries, i, next) => {
    if (!sink.hasRoom(entries.name(i))) return false;
    addName(core, node, sink, entries, i, next);
    return true;
  });
}

/**
 * Tells attributes, too, where they are likely to be wanted: of all entries of a directory that is not very large, of the
 * first ones of another, and of the more the more of them somebody has asked for by name. What the client knows already is
 * not looked at again.
 */
export function readdirplus(core: UnionCore, node: Node, cookie: number, sink: DirectorySink): void {
  const { dir } = node;
  // Of earlier listings half counts with each.
  if (dir !== undefined && cookie === 0) dir.looks >>= 1;
  const limit = attributesUnasked + attributesPerLook * (dir?.looks ?? 0);
  read(core, node, cookie, sink, (entries, i, next, at) => {
    const name = entries.name(i);
    if (!sink.hasRoom(name)) return false;
    if ((at >= limit && entries.exact(i)) || (dir?.children.get(name)?.lookups ?? 0) > 0) {
      addName(core, node, sink, entries, i, next);
    } else {
      addWithAttributes(core, node, sink, entries, i, next);
    }
    return true;
  });
}

function addName(
  core: UnionCore,
  node: Node,
  sink: DirectorySink,
  entries: Entries,
  i: number,
  next: number,
): void {
  const name = entries.name(i);
  if (entries.exact(i)) {
    sink.add(name, entries.inoLow(i), entries.inoHigh(i), entries.type(i), next);
    return;
  }
  let child: Node | undefined;
  try {
    child = findChild(core, node, name);
  } catch (thrown) {
    // Damaged as it may be, its name is there, and so are all the others.
    if (!(thrown instanceof FsError)) throw thrown;
    sink.add(name, entries.inoLow(i), entries.inoHigh(i), entries.type(i), next);
    return;
  }
  if (child === undefined) return;
  sink.add(name, child.inoLow, child.inoHigh, entries.type(i), next);
  core.nodes.leaveIfUnused(child);
}

function addWithAttributes(
  core: UnionCore,
  node: Node,
  sink: DirectorySink,
  entries: Entries,
  i: number,
  next: number,
): void {
  const name = entries.name(i);
  const attr = sink.nextAttr();
  try {
    const child = lookup(core, node, name, attr);
    if (child === undefined) return;
    child.lookups += 1;
    sink.addPlus(name, child.id, child.inoLow, child.inoHigh, child.type >>> 12, next);
  } catch (thrown) {
    if (!(thrown instanceof FsError)) throw thrown;
    sink.addPlus(name, noNodeId, entries.inoLow(i), entries.inoHigh(i), entries.type(i), next);
  }
}

/** Somebody looks at an entry of `parent` by its name. */
export function noteLookup(parent: Node): void {
  const { dir } = parent;
  if (dir?.listing !== undefined) dir.looks += 1;
}

/** Whether a directory shows no entry. EACCES where a lower part of it cannot be read. */
export function isEmpty(core: UnionCore, node: Node): boolean {
  forgetIfOthersChange(core, node);
  let empty = true;
  listingOf(core, node).read(0, () => (empty = false));
  return empty;
}

/** `node` got the name `name` in `parent`. */
export function noteAdded(core: UnionCore, parent: Node, node: Node, name: Name): void {
  const listing = parent.dir?.listing;
  if (listing === undefined) {
    parent.dir?.cookies?.noteLate(name);
    return;
  }
  listing.add(name, node.type >>> 12, node.inoLow, node.inoHigh);
  core.listings.touch(parent);
}

/** `parent` lost the name `name`. */
export function noteRemoved(parent: Node, name: Name): void {
  parent.dir?.listing?.remove(name);
  parent.dir?.cookies?.noteGone(name);
}

function read(
  core: UnionCore,
  node: Node,
  cookie: number,
  sink: DirectorySink,
  take: (entries: Entries, i: number, cookie: number, at: number) => boolean,
): void {
  if (node.isRemoved) return;
  const up = node.parent ?? node;
  // Whoever reads on reads what there was when he began.
  if (cookie === 0) forgetIfOthersChange(core, node);
  if (cookie < dotCookie && !addDot(sink, dot, node, dotCookie)) return;
  if (cookie < dotDotCookie && !addDot(sink, dotDot, up, dotDotCookie)) return;
  const listing = listingOf(core, node);
  listing.noteReading(false);
  if (!listing.read(cookie, take)) return;
  listing.noteReading(true);
  core.listings.trim();
}

function forgetIfOthersChange(core: UnionCore, node: Node): void {
  if (core.features.layersChange === true) core.listings.drop(node);
}

function addDot(sink: DirectorySink, name: Name, node: Node, cookie: number): boolean {
  if (!sink.hasRoom(name)) return false;
  sink.add(name, node.inoLow, node.inoHigh, DT_DIR, cookie);
  return true;
}

function findChild(core: UnionCore, node: Node, name: Name): Node | undefined {
  return node.dir?.children.get(name) ?? lookup(core, node, name, core.unasked);
}

function listingOf(core: UnionCore, node: Node): Listing {
  const { dir } = node;
  if (dir === undefined) throw fsError('ENOTDIR');
  if (dir.listing !== undefined) {
    core.listings.touch(node);
    return dir.listing;
  }
  const entries = new Entries(32);
  const hidden = addUpper(core, node, dir, entries);
  if (dir.lowers.length > 0) addLowers(core, node, dir, hidden, entries);
  dir.listing = new Listing(entries, (dir.cookies ??= new Cookies()));
  core.counters.listings += 1;
  core.listings.renew(node);
  return dir.listing;
}

/** The upper entries; answers the names that hide what is below. */
function addUpper(
  core: UnionCore,
  node: Node,
  dir: DirState,
  entries: Entries,
): ReadonlySet<Name> | undefined {
  const { upper } = dir;
  if (upper === undefined) return undefined;
  const { raw, whiteouts } = letInToRead(core, guarded(core, upper), () => readUpper(core, upper));
  const merged = dir.lowers.length > 0;
  const impure = isImpure(core, node);
  const aufs = upper.hasAufsNames === true;
  for (let i = 0; i < raw.names.length; i++) {
    const name = raw.names[i] as Name;
    if ((aufs && isAufsMetadata(name)) || whiteouts.has(name)) continue;
    push(core, entries, upper, raw, i, !impure && !(merged && raw.types[i] === DT_DIR));
  }
  if (!merged || raw.names.length === 0) return undefined;
  return new Set(aufs ? [...raw.names, ...aufsWhiteoutTargets(raw.names)] : raw.names);
}

/** What there is, and which of it are whiteouts. */
function readUpper(core: UnionCore, upper: RealDir): { raw: RawListing; whiteouts: ReadonlySet<Name> } {
  const raw = listUpper(core.fs, core.dirs, upper);
  const mayHide = upper.layer.xattrWhiteouts;
  const whiteouts = new Set<Name>();
  for (let i = 0; i < raw.names.length; i++) {
    const type = raw.types[i] ?? DT_UNKNOWN;
    const doubtful = type === DT_CHR || type === DT_UNKNOWN || (mayHide && type === DT_REG);
    const name = raw.names[i] as Name;
    if (doubtful && isWhiteout(core, upper, name)) whiteouts.add(name);
  }
  return { raw, whiteouts };
}

function addLowers(
  core: UnionCore,
  node: Node,
  dir: DirState,
  hidden: ReadonlySet<Name> | undefined,
  entries: Entries,
): void {
  const [only] = dir.lowers;
  if (dir.lowers.length === 1 && only !== undefined && dir.index === undefined) {
    addOnly(core, only, hidden, entries);
    return;
  }
  const mayHide = dir.lowers.some((lower) => lower.mayHoldXattrWhiteouts);
  indexOf(core, node).forEach((name, position, raw, i) => {
    if (hidden?.has(name) === true) return;
    const type = raw.types[i] ?? DT_UNKNOWN;
    const doubtful = type === DT_CHR || type === DT_UNKNOWN || (mayHide && type === DT_REG);
    if (doubtful && probe(core, node, name, 0, core.scratch) < 0) return;
    push(core, entries, dir.lowers[position] as RealDir, raw, i, true);
  });
}

/** A single lower directory needs no index to be listed. */
function addOnly(
  core: UnionCore,
  lower: RealDir,
  hidden: ReadonlySet<Name> | undefined,
  entries: Entries,
): void {
  const raw = listLower(core.fs, core.dirs, lower);
  for (let i = 0; i < raw.names.length; i++) {
    const name = raw.names[i] as Name;
    const type = raw.types[i] ?? DT_UNKNOWN;
    if (hidden?.has(name) === true || (lower.hasAufsNames === true && isAufsMetadata(name))) continue;
    const doubtful =
      type === DT_CHR || type === DT_UNKNOWN || (lower.mayHoldXattrWhiteouts && type === DT_REG);
    if (doubtful && statLower(core, lower, name, core.scratch) !== 'found') continue;
    push(core, entries, lower, raw, i, true);
  }
}

/** Entry `i` of the real directory `dir`. */
function push(
  core: UnionCore,
  entries: Entries,
  dir: RealDir,
  raw: RawListing,
  i: number,
  exact: boolean,
): void {
  core.mapIno(dir, raw.inos[2 * i] ?? 0, raw.inos[2 * i + 1] ?? 0);
  entries.push(raw.names[i] as Name, raw.types[i] ?? DT_UNKNOWN, core.inos.low, core.inos.high, exact);
}

function isWhiteout(core: UnionCore, dir: RealDir, name: Name): boolean {
  return findStat(core, dir, name, core.scratch) && isUpperWhiteout(core, dir, name);
}
