/**
 * Open files by the numbers that libfuse knows them by, and the files that it hides: it does not unlink what is open,
 * but renames it to `.fuse_hidden` and two numbers, and unlinks that after the last close. Here the name goes at
 * once, as everywhere else, and the hidden name leads to the open file until then; it stands in no directory.
 */
import { fsError } from '../../base/fs-error.ts';
import type { HandleId, NodeId } from '../../base/ids.ts';
import type { OpenFile } from '../../vfs/file-system.ts';
import type { Place } from './path-nodes.ts';

/** fuse-native takes a handle as a positive number of 31 bits, and 0 for none. */
const lastNumber = 0x7fff_ffff;
/** `hidden_name` of libfuse 2.9: the file's node id there, and a counter. */
const hiddenName = /\/(\.fuse_hidden[0-9a-f]{16})$/;

interface Entry {
  readonly handle: HandleId;
  readonly node: NodeId;
}

export class OpenFiles {
  readonly #entries = new Map<number, Entry>();
  readonly #opens = new Map<NodeId, number>();
  readonly #hidden = new Map<string, Place>();
  /** Hidden names that lead nowhere by now, and that libfuse will unlink, unless their directory is gone too. */
  readonly #shown = new Set<string>();
  readonly #leave: (place: Place) => void;
  #last = 0;

  /** `leave` ends the use of a place that was hidden. */
  constructor(leave: (place: Place) => void) {
    this.#leave = leave;
  }

  /** The number for a file that was opened. */
  add({ id, nodeId }: OpenFile): number {
    do this.#last = this.#last === lastNumber ? 1 : this.#last + 1;
    while (this.#entries.has(this.#last));
    this.#entries.set(this.#last, { handle: id, node: nodeId });
    this.#opens.set(nodeId, (this.#opens.get(nodeId) ?? 0) + 1);
    return this.#last;
  }

  /** EBADF. */
  get(number: number): Entry {
    const entry = this.#entries.get(number);
    if (entry === undefined) throw fsError('EBADF');
    return entry;
  }

  /** Takes a file off the list, for its handle to be released. With the last one of a node its hidden name ends. EBADF. */
  remove(number: number): HandleId {
    const { handle, node } = this.get(number);
    this.#entries.delete(number);
    const left = (this.#opens.get(node) ?? 1) - 1;
    if (left > 0) {
      this.#opens.set(node, left);
      return handle;
    }
    this.#opens.delete(node);
    for (const [name, place] of this.#hidden) if (place.node === node) this.#show(name, place);
    return handle;
  }

  /** Whether a rename of `place` to `path` is how libfuse unlinks a file that is open. */
  isHiding(place: Place, path: string): boolean {
    return hiddenName.test(path) && this.#opens.has(place.node);
  }

  /** From now on the last name of `path` leads to `place`, whose use is handed over. */
  hide(path: string, place: Place): void {
    this.#hidden.set(hiddenName.exec(path)?.[1] ?? '', place);
  }

  /** Where a hidden name leads; its directory may have been renamed. */
  findHidden(path: string): Place | undefined {
    return this.#hidden.size === 0 ? undefined : this.#hidden.get(hiddenName.exec(path)?.[1] ?? '');
  }

  /** libfuse unlinks what it has hidden. False for any other name: a layer may have files of such names. */
  endHidden(path: string): boolean {
    const name = hiddenName.exec(path)?.[1] ?? '';
    const place = this.#hidden.get(name);
    if (place !== undefined) this.#show(name, place);
    return this.#shown.delete(name);
  }

  #show(name: string, place: Place): void {
    this.#hidden.delete(name);
    this.#shown.add(name);
    this.#leave(place);
  }
}
