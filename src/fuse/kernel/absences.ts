/**
 * Nodes that have no extended attributes, noted where the channel looks: it answers for them by itself. The kernel
 * remembers none of that, and asks for a capability before the first write, `ls -l` for a list of access control and a label of
 * each file, who copies or compares trees for all there are. So while clients ask, what is listed is looked at before they do.
 */
import type { NodeId } from '../../base/ids.ts';
import type { Name } from '../../base/name.ts';
import type { FileSystem } from '../../vfs/file-system.ts';

/** For each question that had to be answered here, so many nodes that are listed are looked at ahead; of all questions, so many. */
const aheadEach = 32;
const aheadMost = 1024;

export class Absences {
  readonly #fs: FileSystem;
  readonly #bare: Float64Array;
  #ahead = 0;
  /** Such questions are answered at all: to some mounts they are an error. */
  #wasAsked = false;

  /** `bare` is `FuseChannel.bareNodes`. */
  constructor(fs: FileSystem, bare: Float64Array) {
    this.#fs = fs;
    this.#bare = bare;
  }

  /** `node` was asked for `name`, or for a list, and has no such attribute, or none. */
  note(node: NodeId, name?: Name): void {
    this.#ahead = Math.min(this.#ahead + aheadEach, aheadMost);
    this.#wasAsked = true;
    // The kernel asks for that one alone, and for nothing else.
    if (name === 'security.capability') this.#noteNoCapability(node);
    else this.#look(node);
  }

  /** `node` has just been made. */
  made(node: NodeId): void {
    if (this.#wasAsked) this.#noteNoCapability(node);
  }

  /** `node` is told to a client who may go on to ask for its attributes. */
  listed(node: NodeId): void {
    if (this.#ahead === 0) return;
    this.#ahead -= 1;
    this.#look(node);
  }

  /** `node` may have attributes from now on. */
  end(node: NodeId): void {
    this.#bare[node % this.#bare.length] = 0;
  }

  #noteNoCapability(node: NodeId): void {
    const at = node % this.#bare.length;
    if (this.#bare[at] !== node) this.#bare[at] = 0 - node;
  }

  #look(node: NodeId): void {
    if (this.#fs.hasNoXattrs(node)) this.#bare[node % this.#bare.length] = node;
  }
}
