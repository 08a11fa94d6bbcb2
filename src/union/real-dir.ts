/**
 * Where real objects live. A `Place` is a name in a real directory, or, once nothing names the object
 * any more, a descriptor. A `RealDir` is a place that is a directory of one layer: a chain of names up
 * to the layer's root, so that a directory that is renamed takes all below it along.
 */
import type { Fd } from '../base/ids.ts';
import { asName, type Name } from '../base/name.ts';
import type { Layer } from './layer.ts';

export const noFd = -1 as Fd;
const emptyName = asName('');

export class Place {
  /** The directory that holds it; undefined for a layer's root. */
  dir: RealDir | undefined;
  name: Name;
  readonly layer: Layer;
  /** The object itself, where it has no name (the root of a layer, an unlinked file); else `noFd`. */
  fd: Fd;

  constructor(layer: Layer, dir: RealDir | undefined, name: Name, fd: Fd = noFd) {
    this.layer = layer;
    this.dir = dir;
    this.name = name;
    this.fd = fd;
  }

  /** Its path below the root of its layer, beginning with a slash. */
  path(): Name {
    const parts: Name[] = [];
    if (this.dir !== undefined) parts.push(this.name);
    for (let dir = this.dir; dir?.dir !== undefined; dir = dir.dir) parts.push(dir.name);
    return asName(`/${parts.reverse().join('/')}`);
  }

  /** The object has no name any more; `fd` refers to it. */
  orphan(fd: Fd): void {
    this.dir = undefined;
    this.name = emptyName;
    this.fd = fd;
  }
}

export class RealDir extends Place {
  /** st_dev of it and of the files in it: another one than its layer's in a subvolume (btrfs) below that. */
  dev: number;
  /** st_size at the time of its lookup: how much a listing of it is likely to cost. */
  size = 0;
  /** Its opaque mark is `x`: see `mayHoldXattrWhiteouts`. */
  xattrWhiteouts = false;
  /** It holds AUFS whiteouts or marks, none of which can be made in a mount. undefined: not read yet. */
  hasAufsNames: boolean | undefined;

  /**
   * In the upper: every name that it may hold, whiteouts among them; what is not in here is not there.
   * undefined: not known.
   */
  names: Set<Name> | undefined;
  /** Looked for in vain since then. */
  misses = 0;

  /** Something is mounted on it, and nothing in it can be reached: see `covered-dir.ts`. */
  readonly isCovered: boolean = false;

  constructor(layer: Layer, dir: RealDir | undefined, name: Name, fd: Fd = noFd) {
    super(layer, dir, name, fd);
    this.dev = dir?.dev ?? layer.dev;
  }

  /** Whether whiteouts that are files with an attribute may be in it. */
  get mayHoldXattrWhiteouts(): boolean {
    return this.xattrWhiteouts || this.layer.xattrWhiteouts;
  }

  static root(layer: Layer): RealDir {
    return new RealDir(layer, undefined, emptyName, layer.root);
  }
}
