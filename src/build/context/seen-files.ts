/**
 * Files of a context as they were when a key was made of them. Somebody may save one while a step copies it, or has it
 * mounted: what the step then makes belongs to no key, and must not be found by any. Whatever cannot be told to be as it
 * was counts as changed.
 */
import { FsError } from '../../base/fs-error.ts';
import type { Name } from '../../base/name.ts';
import { S_IFDIR, S_IFMT } from '../../os/constants.ts';
import { st } from '../../os/host-fs.ts';
import { LoopTurns } from '../loop-turns.ts';
import type { SourceTree } from './source-tree.ts';

interface Seen {
  /** Whether a link there is followed. */
  readonly follow: boolean;
  readonly isDirectory: boolean;
  /** Which object it is, and of what mode. */
  readonly identity: string;
  /** Size and times. */
  readonly state: string;
}

export class SeenFiles {
  readonly #tree: SourceTree;
  readonly #seen = new Map<Name, Seen>();
  readonly #copied = new Set<Name>();
  #change: Name | undefined;

  constructor(tree: SourceTree) {
    this.#tree = tree;
  }

  /** The path of something that is not as it was, as far as it was looked at. */
  get change(): Name | undefined {
    return this.#change;
  }

  /** `facts`: its `factsOf` before it was read. */
  note(path: Name, follow: boolean, facts: Float64Array): void {
    this.#seen.set(path, seenOf(facts, follow));
  }

  /** To be told of all that is copied, before it is. */
  noteCopy(path: Name): void {
    if (this.#seen.has(path)) this.#copied.add(path);
    else this.#change ??= path;
  }

  /** Whether both saw the same, at the same time or later. */
  equals(other: SeenFiles): boolean {
    if (this.#seen.size !== other.#seen.size) return false;
    for (const [path, { identity, state }] of this.#seen) {
      const known = other.#seen.get(path);
      if (known?.identity !== identity || known.state !== state) return false;
    }
    return true;
  }

  /** After a copy: whether all was there, and is as it was. A directory may have got what is no part of the tree. */
  async checkCopy(signal: AbortSignal): Promise<void> {
    for (const path of this.#seen.keys()) if (!this.#copied.has(path)) this.#change ??= path;
    await this.#check(signal, (was, is) => was.isDirectory || was.state === is.state);
  }

  /** After the tree itself was shown: something may have been in a directory for a while. */
  checkShown(signal: AbortSignal): Promise<void> {
    return this.#check(signal, (was, is) => was.state === is.state);
  }

  async #check(signal: AbortSignal, isSame: (was: Seen, is: Seen) => boolean): Promise<void> {
    const turns = new LoopTurns(signal);
    for (const [path, was] of this.#seen) {
      if (this.#change !== undefined) return;
      await turns.take();
      const is = this.#look(path, was.follow);
      if (is?.identity !== was.identity || !isSame(was, is)) this.#change = path;
    }
  }

  #look(path: Name, follow: boolean): Seen | undefined {
    try {
      return seenOf(this.#tree.factsAt(path, follow), follow);
    } catch (error) {
      if (error instanceof FsError) return undefined;
      throw error;
    }
  }
}

function seenOf(facts: Float64Array, follow: boolean): Seen {
  const text = (...fields: readonly number[]) => fields.map((field) => String(facts[field])).join(' ');
  return {
    follow,
    isDirectory: ((facts[st.mode] ?? 0) & S_IFMT) === S_IFDIR,
    identity: text(st.dev, st.ino, st.mode),
    state: text(st.size, st.mtimeSec, st.mtimeNsec, st.ctimeSec, st.ctimeNsec),
  };
}
