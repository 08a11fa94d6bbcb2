/**
 * Where others change the layers of a mount: whether a name still leads to the object that it led to. One
 * whose object was replaced, covered or taken away gets another node; whoever has the old one open goes on
 * with that.
 */
import { asName, type Name } from '../base/name.ts';
import { O_PATH } from '../os/constants.ts';
import { keyOf } from './attributes.ts';
import type { UnionCore } from './core.ts';
import { findStat } from './covered-dir.ts';
import type { Node } from './node.ts';
import { probeEach } from './probe.ts';
import { Place, RealDir } from './real-dir.ts';
import { isUpperWhiteout } from './upper-whiteouts.ts';

/** Which object lies at a place: the one that was seen there first, by `keyOf`. */
export class Sightings {
  readonly #keys = new WeakMap<Place, string>();

  /** Whether nothing else was seen there before. */
  isFirst(place: Place, key: string): boolean {
    const before = this.#keys.get(place);
    if (before === undefined) this.#keys.set(place, key);
    return before === undefined || before === key;
  }
}

/**
 * Whether `name` of `parent` still shows `known`, the node that it had. A file with several names that are known,
 * which may lie in different layers, is taken for what it was.
 */
export function isStillThere(core: UnionCore, parent: Node, name: Name, known: Node): boolean {
  const { place } = known;
  if (known.busy !== undefined || known.keys !== undefined || known.indexed) return true;
  if (place.dir === undefined || (place instanceof RealDir && place.isCovered)) return true;
  return isFoundIn(core, parent, name, place) && core.sightings.isFirst(place, keyOf(core.fs, core.scratch));
}

function isFoundIn(core: UnionCore, parent: Node, name: Name, place: Place): boolean {
  const { dir } = parent;
  if (dir === undefined) return false;
  if (dir.upper !== undefined && findStat(core, dir.upper, name, core.scratch)) {
    return dir.upper === place.dir && !isUpperWhiteout(core, dir.upper, name);
  }
  const position = probeEach(core, parent, name, 0, core.scratch);
  return position >= 0 && dir.lowers[position] === place.dir;
}

/** `name` of `parent` leads to `node` no more. */
export function letGo(core: UnionCore, parent: Node, name: Name, node: Node): void {
  const fd = node.readFd ?? node.writeFd;
  if (fd !== undefined) {
    const held = new Place(node.place.layer, undefined, asName(''), core.fs.reopen(fd, O_PATH));
    if (node.upper === undefined) node.lower = held;
    else node.upper = held;
  }
  core.nodes.removeLink(node, parent, name);
  core.nodes.leaveIfUnused(node);
}
