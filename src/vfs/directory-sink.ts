/**
 * Takes the entries of a directory one after another, into whatever reply a door is making.
 */
import type { Name } from '../base/name.ts';
import type { NodeId } from '../base/ids.ts';
import type { Attr } from './attr.ts';

export interface DirectorySink {
  /** Whether an entry of this name would still fit: asked before anything is looked up for it. */
  hasRoom(name: Name): boolean;
  /** For READDIR. The inode number in two halves; `type` is DT_*; reading goes on after `cookie`. */
  add(name: Name, inoLow: number, inoHigh: number, type: number, cookie: number): void;
  /** Where the attributes of the next entry go (READDIRPLUS only). */
  nextAttr(): Attr;
  /** For READDIRPLUS, after `nextAttr` was filled. `node` 0: the name alone (`.`, `..`). */
  addPlus(name: Name, node: NodeId, inoLow: number, inoHigh: number, type: number, cookie: number): void;
}
