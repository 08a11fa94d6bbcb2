/**
 * From paths, which are all that libfuse's interface names, to node ids of the file system. What was looked up is
 * kept as a tree, each place of which holds one lookup of its node, so that a path costs a walk in memory. All
 * changes come through here, and each tells which places it made wrong. It knows nothing of requests.
 */
import { fsError } from '../../base/fs-error.ts';
import { noNodeId, rootNodeId, type NodeId } from '../../base/ids.ts';
import { asName, type Name } from '../../base/name.ts';
import { Attr } from '../../vfs/attr.ts';
import type { FileSystem } from '../../vfs/file-system.ts';

/** Places that are kept at most, before all that nobody uses are forgotten. */
const mostPlaces = 20_000;

/** A name in the tree. Its node is known as long as somebody uses it, whatever becomes of the name. */
export class Place {
  readonly node: NodeId;
  // What follows is for the tree alone.
  readonly parent: Place | undefined;
  readonly name: Name;
  readonly children = new Map<Name, Place>();
  users = 0;
  isDropped = false;

  constructor(node: NodeId, parent: Place | undefined, name: Name) {
    this.node = node;
    this.parent = parent;
    this.name = name;
  }
}

export class PathNodes {
  readonly #fs: FileSystem;
  readonly #layersChange: boolean;
  readonly #attr = new Attr();
  readonly #root = new Place(rootNodeId, undefined, asName(''));
  #count = 0;

  /** With `layersChange` nothing is believed that was looked up earlier. */
  constructor(fs: FileSystem, layersChange: boolean) {
    this.#fs = fs;
    this.#layersChange = layersChange;
  }

  /** The place at `path`, in use until `leave`. ENOENT, ENOTDIR, and what `lookup` throws. */
  enter(path: readonly Name[]): Place {
    if (this.#count >= mostPlaces) this.#forgetUnused();
    let place = this.#root;
    for (const name of path) {
      const next = this.#child(place, name);
      if (next === undefined) throw fsError('ENOENT');
      place = next;
    }
    this.use(place);
    return place;
  }

  /** One more use of `place`, which is in use. */
  use(place: Place): void {
    place.users += 1;
  }

  /** Ends one use of `place`. */
  leave(place: Place): void {
    place.users -= 1;
    if (place.isDropped && place.users === 0) this.#forget(place);
  }

  /** Notes what an operation that counts as a lookup has made at `name` in `parent`. */
  adopt(parent: Place, name: Name, node: NodeId): void {
    if (parent.isDropped) this.#fs.forget(node, 1);
    else this.#add(parent, name, node);
  }

  /** What was at `name` in `parent`, and all below it, is not there any more, or is something else. */
  drop(parent: Place, name: Name): void {
    const place = parent.children.get(name);
    if (place !== undefined) this.#drop(place);
  }

  #child(parent: Place, name: Name): Place | undefined {
    const known = parent.children.get(name);
    if (known !== undefined && !this.#layersChange) return known;
    const node = this.#fs.lookup(parent.node, name, this.#attr);
    if (node === noNodeId) {
      if (known !== undefined) this.#drop(known);
      return undefined;
    }
    if (known?.node === node) {
      this.#fs.forget(node, 1);
      return known;
    }
    return this.#add(parent, name, node);
  }

  #add(parent: Place, name: Name, node: NodeId): Place {
    this.drop(parent, name);
    const place = new Place(node, parent, name);
    parent.children.set(name, place);
    this.#count += 1;
    return place;
  }

  #forgetUnused(): void {
    for (const place of [...this.#root.children.values()]) this.#drop(place);
  }

  #drop(place: Place): void {
    place.parent?.children.delete(place.name);
    const all = [place];
    // Level by level: a tree may be deeper than the stack.
    for (const one of all) {
      all.push(...one.children.values());
      one.children.clear();
      one.isDropped = true;
    }
    // From the bottom, as a kernel forgets.
    for (const one of all.reverse()) if (one.users === 0) this.#forget(one);
  }

  #forget(place: Place): void {
    this.#count -= 1;
    this.#fs.forget(place.node, 1);
  }
}
