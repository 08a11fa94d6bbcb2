/**
 * Where the data of a metacopy file lies: the first file below, of the same name or where its redirect
 * says, that is not a metacopy itself; last of all in the data-only layers, by absolute redirect
 * (fs/overlayfs/namei.c, ovl_lookup and ovl_lookup_data_layers).
 */
import type { Name } from '../base/name.ts';
import { S_IFMT, S_IFREG } from '../os/constants.ts';
import { mark, st } from '../os/host-fs.ts';
import type { Redirect } from '../layer/redirect.ts';
import type { UnionCore } from './core.ts';
import { followed, walkDirectory } from './lower-stack.ts';
import type { Node } from './node.ts';
import { probeEach, statLower } from './probe.ts';
import { Place, type RealDir } from './real-dir.ts';

interface Search {
  /** Layers above this index have been looked at. */
  readonly index: number;
  /** Position among the lowers of the parent from which a name is looked for. */
  readonly position: number;
  readonly name: Name;
  readonly redirect: Redirect | undefined;
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
export function findData(core: UnionCore, parent: Node, start: Search): LowerData | undefined {
  let search = start;
  let lower: Place | undefined;
  for (;;) {
    const found =
      search.redirect?.absolute === true
        ? byPath(core, search.redirect.components, search.index)
        : byName(core, parent, search.redirect?.components[0] ?? search.name, search.position);
    if (found === undefined) return undefined;
    const { place, position } = found;
    if (((core.fs.stat[st.mode] ?? 0) & S_IFMT) !== S_IFREG) return undefined;
    lower ??= place;
    if (!isMetacopy(core, place)) return { lower, data: place };
    search = {
      index: place.layer.index + 1,
      position: position + 1,
      name: place.name,
      redirect: hasRedirect(core, place) ? followed(core, place) : undefined,
    };
  }
}

/** Whether a file of a layer has metadata only. */
export function isMetacopy(core: UnionCore, place: Place): boolean {
  if (place.layer.dataOnly || !core.followsMetacopy) return false;
  if (core.isBottom(place.layer) && core.dataLayers.length === 0) return false;
  return (core.fs.overlayMarks(core.at(place), place.name, core.names.prefix) & mark.metacopy) !== 0;
}

export function hasRedirect(core: UnionCore, place: Place): boolean {
  return (core.fs.overlayMarks(core.at(place), place.name, core.names.prefix) & mark.redirect) !== 0;
}

/** A position after all lowers of a directory. */
const beyond = Number.MAX_SAFE_INTEGER - 1;

interface Found {
  readonly place: Place;
  readonly position: number;
}

function byName(core: UnionCore, parent: Node, name: Name, from: number): Found | undefined {
  const position = probeEach(core, parent, name, from, core.scratch);
  if (position < 0) return undefined;
  const dir = parent.dir?.lowers[position] as RealDir;
  return { place: new Place(dir.layer, dir, name), position };
}

function byPath(core: UnionCore, path: readonly Name[], from: number): Found | undefined {
  const name = path.at(-1);
  if (name === undefined) return undefined;
  let parent = path.slice(0, -1);
  for (const layer of core.lowers) {
    if (layer.index < from) continue;
    const walked = walkDirectory(core, layer, parent);
    const seen = walked.dir === undefined ? 'absent' : statLower(core, walked.dir, name, core.scratch);
    if (seen === 'whiteout') return undefined;
    if (seen === 'found') return { place: new Place(layer, walked.dir, name), position: beyond };
    if (walked.isLast) break;
    parent = [...walked.path];
  }
  for (const layer of core.dataLayers) {
    const { dir } = walkDirectory(core, layer, path.slice(0, -1));
    if (dir === undefined || statLower(core, dir, name, core.scratch) !== 'found') continue;
    return { place: new Place(layer, dir, name), position: beyond };
  }
  return undefined;
}
