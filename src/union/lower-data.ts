/**
 * Where the data of a metacopy file lies: the first file below, of the same name or where its redirect
 * says, that is not a metacopy itself; last of all in the data-only layers, by absolute redirect
 * (fs/overlayfs/namei.c, ovl_lookup and ovl_lookup_data_layers).
 */
import { fsError, type FsError } from '../base/fs-error.ts';
import type { Name } from '../base/name.ts';
import { S_IFDIR, S_IFMT, S_IFREG } from '../os/constants.ts';
import { mark, st } from '../os/host-fs.ts';
import { pathBelow, type Redirect } from '../layer/redirect.ts';
import type { UnionCore } from './core.ts';
import { findStat, foundDirectory } from './covered-dir.ts';
import type { Layer } from './layer.ts';
import { followed, walkDirectory } from './lower-stack.ts';
import type { Node } from './node.ts';
import { isHiddenBelow, probeEach, statLower } from './probe.ts';
import { Place, type RealDir } from './real-dir.ts';

interface Start {
  /** Layers above this index have been looked at. */
  readonly index: number;
  /** Position among the lowers of the parent from which a name is looked for. */
  readonly position: number;
  readonly name: Name;
  readonly redirect: Redirect | undefined;
}

/** How far the search has come. */
interface Search {
  index: number;
  position: number;
  /** From the roots of the layers where `absolute`, else one name in the lowers of the parent. */
  path: readonly Name[];
  absolute: boolean;
  /** Nothing further below counts but data-only layers. */
  isLast: boolean;
}

export interface LowerData {
  /** The next object below, which may be a metacopy itself. */
  readonly lower: Place;
  /** The file that has the data. */
  readonly data: Place;
}

/**
 * Finds the data of the metacopy file `name` of `parent`; undefined where there is none: the layers are
 * not complete.
 */
export function findData(core: UnionCore, parent: Node, start: Start): LowerData | undefined {
  const { index, position, name, redirect } = start;
  const path = redirect?.components ?? [name];
  const search: Search = { index, position, path, absolute: redirect?.absolute === true, isLast: false };
  let lower: Place | undefined;
  while (!search.isLast) {
    const place = search.absolute ? byPath(core, search) : byName(core, parent, search);
    if (place === undefined || !isRegular(core)) break;
    lower ??= place;
    if (!isMetacopy(core, place)) return { lower, data: place };
    follow(core, search, place);
  }
  const data = search.absolute ? inDataLayers(core, search.path) : undefined;
  return data === undefined ? undefined : { lower: lower ?? data, data };
}

/** Whether a file of a layer has metadata only. */
export function isMetacopy(core: UnionCore, place: Place): boolean {
  if (place.layer.dataOnly || !core.followsMetacopy) return false;
  return (core.fs.overlayMarks(core.at(place), place.name, core.names.prefix) & mark.metacopy) !== 0;
}

/**
 * Whether nothing lies below that a file of this layer could have its data from. If it is a metacopy all the same,
 * the layers are not complete: ordinary files are asked not at each lookup, but before their data is used.
 */
export function isLast(core: UnionCore, layer: Layer): boolean {
  return core.isBottom(layer) && core.dataLayers.length === 0;
}

/** EIO where the data of a file that was not copied up is in none of the layers. Asks once. */
export function requireData(core: UnionCore, node: Node): void {
  const { lower } = node;
  if (node.hasData || node.upper !== undefined || node.data !== undefined || lower === undefined) return;
  if (isLast(core, lower.layer) && isMetacopy(core, lower)) {
    core.fs.statx(core.at(lower), lower.name);
    if (core.fs.stat[st.size] !== 0) throw noData(core, lower);
  }
  node.hasData = true;
}

/** EIO for a metacopy file, with a warning. */
export function noData(core: UnionCore, place: Place): FsError {
  core.log.warn(`no data for the metacopy file ${place.path()}: are all its layers there?`);
  return fsError('EIO');
}

export function hasRedirect(core: UnionCore, place: Place): boolean {
  return (core.fs.overlayMarks(core.at(place), place.name, core.names.prefix) & mark.redirect) !== 0;
}

/** A path from the roots stays one in the layers below, redirect or not: nothing leads back to the parent. */
function follow(core: UnionCore, search: Search, place: Place): void {
  const redirect = hasRedirect(core, place) ? followed(core, place) : undefined;
  if (redirect === undefined) return;
  search.path = pathBelow(search.path, 0, redirect);
  if (!redirect.absolute) return;
  search.absolute = true;
  search.isLast = false;
}

function byName(core: UnionCore, parent: Node, search: Search): Place | undefined {
  const [name] = search.path;
  if (name === undefined) return undefined;
  const position = probeEach(core, parent, name, search.position, core.scratch);
  if (position < 0) return undefined;
  const dir = parent.dir?.lowers[position] as RealDir;
  search.position = position + 1;
  search.index = dir.layer.index + 1;
  search.isLast = isHiddenBelow(core, dir, name);
  return new Place(dir.layer, dir, name);
}

function byPath(core: UnionCore, search: Search): Place | undefined {
  const name = search.path.at(-1);
  if (name === undefined) return undefined;
  for (const layer of core.lowers) {
    if (layer.index < search.index) continue;
    const { dir, isLast, path } = walkDirectory(core, layer, search.path.slice(0, -1));
    const seen = dir === undefined ? 'absent' : statLower(core, dir, name, core.scratch);
    search.path = [...path, name];
    search.index = layer.index + 1;
    search.isLast = isLast || seen === 'whiteout' || (dir !== undefined && isHiddenBelow(core, dir, name));
    if (seen === 'found') return new Place(layer, dir, name);
    if (search.isLast) break;
  }
  return undefined;
}

/** Nothing in a data-only layer has a meaning but its regular files. */
function inDataLayers(core: UnionCore, path: readonly Name[]): Place | undefined {
  for (const layer of core.dataLayers) {
    const place = plainFile(core, layer, path);
    if (place !== undefined) return place;
  }
  return undefined;
}

function plainFile(core: UnionCore, layer: Layer, path: readonly Name[]): Place | undefined {
  let dir = layer.rootDir;
  for (const [i, name] of path.entries()) {
    if (dir.isCovered || !findStat(core, dir, name, core.scratch)) return undefined;
    const type = (core.fs.stat[st.mode] ?? 0) & S_IFMT;
    if (i === path.length - 1) return type === S_IFREG ? new Place(layer, dir, name) : undefined;
    if (type !== S_IFDIR) return undefined;
    dir = foundDirectory(core, dir, name);
  }
  return undefined;
}

function isRegular(core: UnionCore): boolean {
  return ((core.fs.stat[st.mode] ?? 0) & S_IFMT) === S_IFREG;
}
