/**
 * A node is one object of the merged tree: its links (parent and name), and where it lies below. It
 * holds neither a path nor a descriptor of its own, but for one that was unlinked. All names of a file
 * with several links lead to one node.
 */
import { rootNodeId, type Fd, type NodeId } from '../base/ids.ts';
import type { Name } from '../base/name.ts';
import type { TimeSpec } from '../base/time-spec.ts';
import { S_IFDIR, S_IFREG } from '../os/constants.ts';
import type { Cookies } from './cookies.ts';
import type { DirectoryIndex } from './directory-index.ts';
import type { Links } from './links.ts';
import type { Listing } from './listing.ts';
import type { Place, RealDir } from './real-dir.ts';

export interface Link {
  readonly parent: Node;
  readonly name: Name;
}

/** What the writing of its data takes from a file, and what is put back in the end. */
export interface HeldState {
  readonly atime: TimeSpec;
  readonly mtime: TimeSpec;
  readonly capability: Buffer | undefined;
}

/** What only directories have. */
export class DirState {
  upper: RealDir | undefined;
  /** The merged directories below, from the top: the same for ever, or none once nothing of them shows. */
  lowers: readonly RealDir[];
  /** Nothing below shows through. */
  opaque: boolean;
  /** The upper directory may hold objects that were copied up; undefined: not looked at yet. */
  impure: boolean | undefined;
  /** The upper directory was made in this mount: whatever is in it came by way of this node. */
  madeHere = false;
  readonly children = new Map<Name, Node>();
  /** Cached: which names the lowers have. */
  index: DirectoryIndex | undefined;
  /** Once it was listed. */
  cookies: Cookies | undefined;
  /** Cached: the merged entries in the order of their cookies. */
  listing: Listing | undefined;
  /** How many entries were looked at by their names since it was listed, and half of those before. */
  looks = 0;
  /** System calls spent on names of lowers without an index. */
  probes = 0;

  constructor(upper: RealDir | undefined, lowers: readonly RealDir[], opaque: boolean) {
    this.upper = upper;
    this.lowers = lowers;
    this.opaque = opaque;
  }
}

export class Node {
  /** Another one once it was renewed. */
  id: NodeId;
  /** S_IFMT bits. */
  readonly type: number;
  /** How often the client was told of it. */
  lookups = 0;
  /** Open files of it. */
  opens = 0;
  /** Those of them that may write. */
  writers = 0;
  /** Its first link; undefined for the root, and once it was unlinked. */
  parent: Node | undefined;
  name: Name;
  /** Further links that are known. */
  moreLinks: Links | undefined;

  /** Where it lies in the upper layer. For a directory, the same object as `dir.upper`. */
  upper: Place | undefined;
  /** The topmost object below: what it was copied up from, or what gives it its inode number. */
  lower: Place | undefined;
  /** Where the data of a file lies whose topmost object has only metadata (metacopy). */
  data: Place | undefined;
  /** Its upper file is empty and has all its data, but is still marked as a metacopy. Ends with `copyUp`. */
  hasStaleMark = false;
  /** Its lower file is known to be no metacopy, where only that would tell. */
  hasData = false;
  /** The value of the redirect attribute of its upper object. */
  redirect: Name | undefined;
  /** Union link count minus that of the real object, for files with several names. */
  nlinkDelta = 0;
  /** Link count of the lower file, for one that is indexed. */
  lowerNlink = 0;
  /** It was copied up: its inode number is not that of its upper object. */
  copied = false;
  /** It has an entry in work/index: `upper` is that entry. */
  indexed = false;
  /** Its link count is stored relative to the upper inode, as it must be before that gets or loses a link. */
  countsFromUpper = false;
  /** It is known to have no file capability (security.capability). */
  hasNoCapability = false;
  /** Keys under which the node is found by inode, for files with several names. */
  keys: string[] | undefined;
  inoLow = 0;
  inoHigh = 0;
  /** What it shows while its data is being completed, in the place of what its upper file has. */
  held: HeldState | undefined;
  /** A copy-up, or another change that takes its time, is under way: wait, then look again. */
  busy: Promise<void> | undefined;
  /** Real descriptors of its data, shared by all who have it open: see `data-files.ts`. */
  readFd: Fd | undefined;
  writeFd: Fd | undefined;
  /** `writeFd` has O_APPEND: the file can only be appended to. */
  appends = false;
  /** FS_IMMUTABLE_FL and FS_APPEND_FL: see `seals.ts`. What is open already may go on writing. */
  sealed = 0;
  dir: DirState | undefined;

  constructor(id: NodeId, type: number, parent: Node | undefined, name: Name) {
    this.id = id;
    this.type = type;
    this.parent = parent;
    this.name = name;
  }

  get isDirectory(): boolean {
    return this.type === S_IFDIR;
  }

  get isRegular(): boolean {
    return this.type === S_IFREG;
  }

  /** It has no name any more. */
  get isRemoved(): boolean {
    return this.parent === undefined && this.id !== rootNodeId;
  }

  /** Where its attributes are read. */
  get place(): Place {
    const place = this.upper ?? this.lower;
    if (place === undefined) throw new Error('a node without a place');
    return place;
  }

  /** Whether its data is not yet in the upper layer, though its metadata is. */
  get isMetacopy(): boolean {
    return this.upper !== undefined && this.data !== undefined;
  }
}
