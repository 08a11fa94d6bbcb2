/**
 * One layer of a union: a directory tree that is read, and, if it is the upper, written. A layer is
 * reached through its root descriptor alone; its path is for people.
 */
import type { Fd } from '../base/ids.ts';
import type { Name } from '../base/name.ts';
import { RealDir } from './real-dir.ts';

export interface LayerFacts {
  /** As the user gave it. */
  readonly path: Name;
  /** Its root directory, held open as long as the union. */
  readonly root: Fd;
  /** Position in the stack: 0 is the upper, lowers count from 1 at the top. */
  readonly index: number;
  /** st_dev of its root. */
  readonly dev: number;
  /** Small number of its file system in this union: goes into inode numbers. */
  readonly fsid: number;
  /** FS_IOC_GETFSUUID, 16 bytes. */
  readonly uuid: Buffer;
  /** Whether nothing can be mounted below its root descriptor (it is a clone of its own). */
  readonly detached: boolean;
  /** Not part of the merged tree: only redirects of metacopy files lead here. */
  readonly dataOnly: boolean;
  /** Its root may hold whiteouts that are files with an attribute. */
  readonly xattrWhiteouts: boolean;
  /** So may any directory in it. */
  readonly xattrWhiteoutsAnywhere: boolean;
  /** `.wh.` names in it are whiteouts. */
  readonly aufs: boolean;
}

export class Layer {
  readonly path: Name;
  readonly root: Fd;
  readonly index: number;
  readonly dev: number;
  readonly fsid: number;
  readonly uuid: Buffer;
  readonly detached: boolean;
  readonly dataOnly: boolean;
  readonly aufs: boolean;
  readonly rootDir: RealDir;
  /** Whiteouts that are files with an attribute may be in any directory, whatever its mark says. */
  xattrWhiteouts: boolean;
  /** A lower on another file system has the same uuid: no origin and no index (layer/shared-uuid.ts). */
  sharesUuid = false;

  constructor(facts: LayerFacts) {
    this.path = facts.path;
    this.root = facts.root;
    this.index = facts.index;
    this.dev = facts.dev;
    this.fsid = facts.fsid;
    this.uuid = facts.uuid;
    this.detached = facts.detached;
    this.dataOnly = facts.dataOnly;
    this.aufs = facts.aufs;
    this.rootDir = RealDir.root(this);
    this.rootDir.xattrWhiteouts = facts.xattrWhiteouts;
    this.xattrWhiteouts = facts.xattrWhiteoutsAnywhere;
  }
}
