/**
 * What the acts of the union (lookup, copy-up, rename, ...) share: the layers, the nodes, the caches. It
 * decides nothing; each act is a file of its own that is given the core.
 */
import { fsError } from '../base/fs-error.ts';
import { rootNodeId, type Fd, type HandleId } from '../base/ids.ts';
import type { Log } from '../base/log.ts';
import { TempNames } from '../layer/temp-names.ts';
import { WhiteoutMaker } from '../layer/whiteout.ts';
import { overlayNames, type OverlayNames } from '../layer/xattr-names.ts';
import type { HostFs } from '../os/host-fs.ts';
import { Attr } from '../vfs/attr.ts';
import { Counters } from './counters.ts';
import { DirCache } from './dir-cache.ts';
import { InodeNumbers } from './inode-numbers.ts';
import type { UnionFeatures } from './features.ts';
import type { IdMaps } from './id-map.ts';
import type { Layer } from './layer.ts';
import { ListingCache } from './listing-cache.ts';
import type { Node } from './node.ts';
import { NodeTable } from './node-table.ts';
import { DataFiles } from './data-files.ts';
import { Discards } from './discards.ts';
import { Interrupts } from './interrupts.ts';
import { KeptFacts } from './kept-facts.ts';
import type { OpenNode } from './open-node.ts';
import type { Place, RealDir } from './real-dir.ts';
import { Sightings } from './replaced.ts';

export interface CoreParts {
  readonly fs: HostFs;
  readonly log: Log;
  readonly features: UnionFeatures;
  /** The upper, unless the union is read-only. */
  readonly upper: Layer | undefined;
  /** From the top. */
  readonly lowers: readonly Layer[];
  readonly dataLayers: readonly Layer[];
  /** work/work and work/index, on the layer of the upper. */
  readonly work: RealDir | undefined;
  readonly indexDir: RealDir | undefined;
  readonly fileSystems: number;
  readonly limits: CoreLimits;
  /** How much of these limits may be used by now: up to 1. */
  readonly part?: () => number;
  /**
   * The process is bound by the modes of files: what a client opens is opened at once and stays open, since
   * it could not be opened again after a chmod.
   */
  readonly unprivileged: boolean;
  /** Clients know owners by other ids than lie on disk; undefined: by the same. */
  readonly ids: IdMaps | undefined;
}

export interface CoreLimits {
  /** Descriptors of directories. */
  readonly directories: number;
  /** Descriptors of file data. */
  readonly files: number;
  /** Names kept in indexes and listings. */
  readonly names: number;
}

/** What tells the file system of an object: its layer, and its st_dev. */
export interface OnFileSystem {
  readonly layer: Layer;
  readonly dev: number;
}

export class UnionCore {
  readonly fs: HostFs;
  readonly log: Log;
  readonly features: UnionFeatures;
  readonly names: OverlayNames;
  readonly upper: Layer | undefined;
  readonly lowers: readonly Layer[];
  readonly dataLayers: readonly Layer[];
  readonly work: RealDir | undefined;
  readonly indexDir: RealDir | undefined;
  readonly nodes: NodeTable;
  readonly dirs: DirCache;
  readonly listings: ListingCache;
  readonly data: DataFiles;
  readonly unprivileged: boolean;
  /** What is open keeps a descriptor: its name may not be opened again, or lead elsewhere. */
  readonly holdsData: boolean;
  readonly ids: IdMaps | undefined;
  readonly inos: InodeNumbers;
  readonly interrupts = new Interrupts();
  readonly keptFacts = new KeptFacts();
  readonly counters = new Counters();
  /** What the door counts. */
  requests: () => Readonly<Record<string, number>> = () => ({});
  readonly whiteouts: WhiteoutMaker | undefined;
  readonly discards: Discards;
  /** Names in the work directory. */
  readonly temps = new TempNames('t');
  readonly handles = new Map<HandleId, OpenNode>();
  /** Used where others change the layers. */
  readonly sightings = new Sightings();
  /** For a statx whose attributes are not the answer; a lookup uses it, too. */
  readonly scratch = new Attr();
  /** For a lookup whose attributes nobody asked for. */
  readonly unasked = new Attr();
  /** Something may have changed the upper layer since it was mounted. */
  isChanged = false;

  constructor(parts: CoreParts) {
    this.fs = parts.fs;
    this.log = parts.log;
    this.features = parts.features;
    this.names = overlayNames(parts.features.userxattr);
    this.upper = parts.upper;
    this.lowers = parts.lowers;
    this.dataLayers = parts.dataLayers;
    this.work = parts.work;
    this.indexDir = parts.indexDir;
    this.dirs = new DirCache(parts.fs, parts.limits.directories, parts.part);
    this.listings = new ListingCache(parts.limits.names);
    this.unprivileged = parts.unprivileged;
    this.holdsData = parts.unprivileged || parts.features.layersChange === true;
    this.data = new DataFiles(parts.fs, this.dirs, parts.limits.files, this.holdsData, parts.part);
    this.ids = parts.ids;
    this.inos = new InodeNumbers(parts.fileSystems, parts.features.shortInodes);
    this.nodes = new NodeTable((node) => {
      this.#release(node);
    });
    this.whiteouts =
      parts.work === undefined
        ? undefined
        : new WhiteoutMaker(parts.fs, this.dirs.fd(parts.work), this.names);
    this.discards = new Discards(parts.fs, parts.log, () => this.dirs.at(this.workDir()));
  }

  /** The upper layer, for whoever is going to change it; EROFS where there is none. */
  writable(): Layer {
    if (this.upper === undefined) throw fsError('EROFS');
    this.isChanged = true;
    return this.upper;
  }

  /** The work directory; EROFS where there is none. */
  workDir(): RealDir {
    if (this.work === undefined) throw fsError('EROFS');
    return this.work;
  }

  whiteoutMaker(): WhiteoutMaker {
    if (this.whiteouts === undefined) throw fsError('EROFS');
    return this.whiteouts;
  }

  /** Closes descriptors that are too many by now. */
  fitDescriptors(): void {
    this.dirs.fit();
    this.data.fit();
  }

  /** The descriptor to which `place.name` is relative. */
  at(place: Place): Fd {
    return this.dirs.at(place);
  }

  /** Whether the layer at `index` is the last of the merged ones. */
  isBottom(layer: Layer): boolean {
    return layer.index === this.lowers.length;
  }

  /** Overlay attributes that lead elsewhere are read only where an ordinary user cannot have set them. */
  get followsMetacopy(): boolean {
    return !this.features.userxattr || this.features.metacopy;
  }

  /** Turns the inode number of something on the file system `of` into one of the union, in `inos`. */
  mapIno({ layer, dev }: OnFileSystem, low: number, high: number): void {
    if (dev === layer.dev || this.features.plainInodes === true) {
      this.inos.map(layer.fsid, low, high);
      return;
    }
    const other = this.upper?.dev === dev ? this.upper : this.lowers.find((lower) => lower.dev === dev);
    if (other === undefined) this.inos.mapApart(dev, low, high);
    else this.inos.map(other.fsid, low, high);
  }

  /** Sets the inode number of a node from what the file system `of` calls it. */
  setIno(node: Node, of: OnFileSystem, low: number, high: number): void {
    this.mapIno(of, low, high);
    node.inoLow = this.inos.low;
    node.inoHigh = this.inos.high;
  }

  /** Closes everything but the layers, whatever clients have not given back: a connection may end at any time. */
  close(): void {
    this.discards.stop();
    for (const node of this.nodes.values()) if (node.id !== rootNodeId) this.#release(node);
    this.data.close();
    this.dirs.close();
  }

  #release(node: Node): void {
    this.data.drop(node);
    this.listings.drop(node);
    const place = node.upper ?? (node.isDirectory ? undefined : node.lower);
    if (place !== undefined && place.fd >= 0 && place.dir === undefined) {
      if (node.isRegular) this.fs.closeApart(place.fd);
      else this.fs.close(place.fd);
      node.upper = undefined;
      node.lower = undefined;
    } else if (node.dir?.upper !== undefined) {
      this.dirs.drop(node.dir.upper);
    }
    for (const dir of node.dir?.lowers ?? []) this.dirs.drop(dir);
  }
}
