/**
 * Reading a merged directory: what is in the upper, then what shows through. Told once is told for the
 * life of a listing, whatever is created or removed meanwhile (see `listing.ts`).
 */
import { FsError, fsError } from '../base/fs-error.ts';
import { asName, type Name } from '../base/name.ts';
import { isAufsMetadata } from '../layer/aufs.ts';
import { isWhiteoutStat } from '../layer/whiteout.ts';
import { DT_CHR, DT_DIR, DT_REG, DT_UNKNOWN } from '../os/constants.ts';
import type { DirectorySink } from '../vfs/directory-sink.ts';
import { noNodeId } from '../base/ids.ts';
import type { UnionCore } from './core.ts';
import { listReal } from './directory-index.ts';
import { Listing, type ListedEntry } from './listing.ts';
import { lookup } from './lookup.ts';
import type { DirState, Node } from './node.ts';
import { indexOf, probe, statLower } from './probe.ts';
import type { RealDir } from './real-dir.ts';

const dot = asName('.');
const dotDot = asName('..');
const dotCookie = 1;
const dotDotCookie = 2;

export function readdir(core: UnionCore, node: Node, cookie: number, sink: DirectorySink): void {
  read(core, node, cookie, sink, (entry, next) => {
    if (!sink.hasRoom(entry.name)) return false;
    let { inoLow, inoHigh } = entry;
    if (!entry.exact) {
      const child = findChild(core, node, entry.name);
      if (child === undefined) return true;
      ({ inoLow, inoHigh } = child);
      core.nodes.leaveIfUnused(child);
    }
    sink.add(entry.name, inoLow, inoHigh, entry.type, next);
    return true;
  });
}

export function readdirplus(core: UnionCore, node: Node, cookie: number, sink: DirectorySink): void {
  read(core, node, cookie, sink, (entry, next) => {
    const { name, type } = entry;
    if (!sink.hasRoom(name)) return false;
    const attr = sink.nextAttr();
    try {
      const child = lookup(core, node, name, attr);
      if (child === undefined) return true;
      child.lookups += 1;
      sink.addPlus(name, child.id, child.inoLow, child.inoHigh, child.type >>> 12, next);
    } catch (thrown) {
      if (!(thrown instanceof FsError)) throw thrown;
      sink.addPlus(name, noNodeId, entry.inoLow, entry.inoHigh, type, next);
    }
    return true;
  });
}

/** Whether a directory shows no entry. */
export function isEmpty(core: UnionCore, node: Node): boolean {
  let empty = true;
  listingOf(core, node).read(0, () => (empty = false));
  return empty;
}

/** `node` got the name `name` in `parent`. */
export function noteAdded(core: UnionCore, parent: Node, node: Node, name: Name): void {
  const listing = parent.dir?.listing;
  if (listing === undefined) return;
  const { inoLow, inoHigh } = node;
  listing.add({ name, type: node.type >>> 12, inoLow, inoHigh, exact: true });
  core.listings.touch(parent);
}

/** `parent` lost the name `name`. */
export function noteRemoved(parent: Node, name: Name): void {
  parent.dir?.listing?.remove(name);
}

function read(
  core: UnionCore,
  node: Node,
  cookie: number,
  sink: DirectorySink,
  take: (entry: ListedEntry, cookie: number) => boolean,
): void {
  if (node.isRemoved) return;
  const up = node.parent ?? node;
  if (cookie < dotCookie && !addDot(sink, dot, node, dotCookie)) return;
  if (cookie < dotDotCookie && !addDot(sink, dotDot, up, dotDotCookie)) return;
  listingOf(core, node).read(cookie, take);
}

function addDot(sink: DirectorySink, name: Name, node: Node, cookie: number): boolean {
  if (!sink.hasRoom(name)) return false;
  sink.add(name, node.inoLow, node.inoHigh, DT_DIR, cookie);
  return true;
}

function findChild(core: UnionCore, node: Node, name: Name): Node | undefined {
  return node.dir?.children.get(name) ?? lookup(core, node, name, core.scratch);
}

function listingOf(core: UnionCore, node: Node): Listing {
  const { dir } = node;
  if (dir === undefined) throw fsError('ENOTDIR');
  if (dir.listing !== undefined) {
    core.listings.touch(node);
    return dir.listing;
  }
  const entries: ListedEntry[] = [];
  const hidden = addUpper(core, dir, entries);
  if (dir.lowers.length > 0) addLowers(core, node, dir, hidden, entries);
  dir.listing = new Listing(entries);
  core.counters.listings += 1;
  core.listings.renew(node);
  return dir.listing;
}

/** The upper entries; answers the names that hide what is below. */
function addUpper(core: UnionCore, dir: DirState, entries: ListedEntry[]): ReadonlySet<Name> | undefined {
  const { upper } = dir;
  if (upper === undefined) return undefined;
  const raw = listReal(core.fs, core.dirs, upper);
  const merged = dir.lowers.length > 0;
  const hidden = merged ? new Set(raw.names) : undefined;
  for (let i = 0; i < raw.names.length; i++) {
    const name = raw.names[i] as Name;
    const type = raw.types[i] ?? DT_UNKNOWN;
    if ((type === DT_CHR || type === DT_UNKNOWN) && isWhiteout(core, upper, name)) continue;
    const exact = dir.impure !== true && !(merged && type === DT_DIR);
    push(core, entries, upper, name, type, raw.inos[i] ?? 0n, exact);
  }
  return hidden;
}

function addLowers(
  core: UnionCore,
  node: Node,
  dir: DirState,
  hidden: ReadonlySet<Name> | undefined,
  entries: ListedEntry[],
): void {
  const [only] = dir.lowers;
  if (dir.lowers.length === 1 && only !== undefined && dir.index === undefined) {
    addOnly(core, only, hidden, entries);
    return;
  }
  const index = indexOf(core, node);
  const mayHide = dir.lowers.some((lower) => lower.xattrWhiteouts);
  for (const name of index.names()) {
    if (hidden?.has(name) === true) continue;
    const type = index.type(name);
    if (type === undefined) continue;
    const doubtful = type === DT_CHR || type === DT_UNKNOWN || (mayHide && type === DT_REG);
    if (doubtful && probe(core, node, name, 0, core.scratch) < 0) continue;
    const lower = dir.lowers[index.position(name, 0)] as RealDir;
    push(core, entries, lower, name, type, index.ino(name), true);
  }
}

/** A single lower directory needs no index to be listed. */
function addOnly(
  core: UnionCore,
  lower: RealDir,
  hidden: ReadonlySet<Name> | undefined,
  entries: ListedEntry[],
): void {
  const raw = listReal(core.fs, core.dirs, lower);
  for (let i = 0; i < raw.names.length; i++) {
    const name = raw.names[i] as Name;
    const type = raw.types[i] ?? DT_UNKNOWN;
    if (hidden?.has(name) === true || (lower.layer.aufs && isAufsMetadata(name))) continue;
    const doubtful = type === DT_CHR || type === DT_UNKNOWN || (lower.xattrWhiteouts && type === DT_REG);
    if (doubtful && statLower(core, lower, name, core.scratch) !== 'found') continue;
    push(core, entries, lower, name, type, raw.inos[i] ?? 0n, true);
  }
}

function push(
  core: UnionCore,
  entries: ListedEntry[],
  dir: RealDir,
  name: Name,
  type: number,
  ino: bigint,
  exact: boolean,
): void {
  const low = Number(ino & 0xffffffffn);
  const high = Number(ino >> 32n);
  core.inos.map(dir.layer.fsid, low, high);
  entries.push({ name, type, inoLow: core.inos.low, inoHigh: core.inos.high, exact });
}

function isWhiteout(core: UnionCore, dir: RealDir, name: Name): boolean {
  return core.fs.findStatx(core.dirs.fd(dir), name) && isWhiteoutStat(core.fs.stat);
}
