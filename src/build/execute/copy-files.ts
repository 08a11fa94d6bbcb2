/**
 * COPY: puts what its sources name into a tree (Dockerfile reference, "COPY", "Destination"). A directory's content
 * goes into the destination; a file goes into it where it is, or is written as, a directory, and becomes it
 * otherwise. The target is at rest, an image: its links are followed, inside it (`run/copy-tree.ts` follows none).
 */
import { basename, posix } from 'node:path';
import type { Fd } from '../../base/ids.ts';
import { asName, nameFromText, type Name } from '../../base/name.ts';
import { UserError } from '../../base/user-error.ts';
import { removeTree } from '../../layer/remove-tree.ts';
import { createCancel } from '../../os/cancel.ts';
import { S_IFDIR, S_IFMT } from '../../os/constants.ts';
import { st, type HostFs } from '../../os/host-fs.ts';
import { rootOwner, type InRoot, type Owner } from '../../os/in-root.ts';
import {
  copyMetadata,
  copyObject,
  factsOf,
  findIdentity,
  FirstNames,
  hasSeveralNames,
  makeDirectory,
  makeRoom,
  type CopyAttributes,
  type Place,
} from '../../run/copy-object.ts';
import type { IgnoreRules } from '../context/ignore-rules.ts';
import type { SeenFiles } from '../context/seen-files.ts';
import type { Entry, Found, SourceTree } from '../context/source-tree.ts';
import { LoopTurns } from '../loop-turns.ts';
import { openTargetDirectory } from './target-directory.ts';

export interface CopySource {
  readonly tree: SourceTree;
  readonly found: Found;
  /** Where below the destination it goes (`--parents`); undefined without. */
  readonly below?: Name;
  /**
   * The content of an archive, which takes the place of what is there, file by file (Dockerfile reference, "ADD"). `implied`:
   * directories, by their paths in it, of which it says nothing: those that are there stay as they are.
   */
  readonly archive?: { readonly implied: ReadonlySet<string> };
  /** What a key was made of, where others may change it. */
  readonly seen?: SeenFiles;
}

export interface CopyRequest {
  readonly sources: readonly CopySource[];
  /** Absolute, as it was written: a slash at its end makes it a directory. */
  readonly destination: string;
  readonly attributes: CopyAttributes;
  readonly exclude: IgnoreRules;
  readonly signal: AbortSignal;
  /** A directory that is made for what another holds is as that one; else as any directory that was missing. */
  readonly keepsRoots?: boolean;
}

/**
 * UserError `not-a-directory`, `is-a-directory`, `several-sources`; the reason of the signal. A failure leaves what was
 * copied before.
 */
export async function copyFiles(fs: HostFs, target: InRoot, request: CopyRequest): Promise<void> {
  const { sources, destination } = request;
  const [first] = sources;
  const isSlashed = /(^|\/)\.?$/.test(destination);
  const { signal } = request;
  const turns = new LoopTurns(signal);
  const cancel = createCancel();
  const attributes = { ...request.attributes, cancel };
  const copier = new Copier(fs, target, { ...request, attributes }, turns);
  const path = nameFromText(posix.normalize(destination).replace(/(?<=.)\/$/, ''));
  const isDirectory = isSlashed || first?.below !== undefined || target.isDirectory(path);
  if (sources.length > 1 && !isDirectory && sources.some(({ found }) => !found.isDirectory))
    throw severalSources(destination);
  const stop = (): void => {
    cancel.cancel();
  };
  signal.addEventListener('abort', stop);
  try {
    for (const source of sources) {
      await turns.take();
      if (source.below !== undefined) await copier.copyWithParents(source, path, source.below);
      else if (source.found.isDirectory) await copier.copyDirectory(source, path);
      else if (isDirectory) await copier.copyFile(source, path, nameOf(source.found.path));
      else await copier.copyFileTo(source, target.endOf(path));
    }
  } catch (thrown) {
    signal.throwIfAborted();
    throw thrown;
  } finally {
    signal.removeEventListener('abort', stop);
    copier.close();
  }
}

export function severalSources(destination: string): UserError {
  return new UserError('several-sources', `several files cannot become ${destination}`, {
    hint: `write ${destination}/ for a directory`,
  });
}

/**
 * A warning for a file that becomes a path which looks like a directory: `COPY app.py /app` makes a file named
 * app. undefined where nothing is odd.
 */
export function findFileAsDirectoryWarning(target: InRoot, request: CopyRequest): string | undefined {
  const [source, ...more] = request.sources;
  const { destination } = request;
  if (source === undefined || more.length > 0 || source.found.isDirectory || source.below !== undefined)
    return undefined;
  if (/(^|\/)\.?$/.test(destination) || target.isDirectory(nameFromText(destination))) return undefined;
  const from = nameOf(source.found.path);
  const to = basename(destination);
  const [stem = '', ...extension] = from.split('.');
  if (to.includes('.') || extension.length === 0 || stem === '' || to === stem) return undefined;
  return `${from} becomes a file named ${destination}; write ${destination}/ to copy it into a directory`;
}

/** The copy of a file with several names, where it came first. */
interface FirstCopy {
  readonly directory: Name;
  readonly name: Name;
  /** In the target. */
  readonly identity: string | undefined;
}

class Copier {
  readonly #fs: HostFs;
  readonly #target: InRoot;
  readonly #request: CopyRequest;
  readonly #turns: LoopTurns;
  /** By what they are copies of. */
  readonly #links: FirstNames<FirstCopy>;
  /** Those whose place no other source has taken, by identity: through links several paths lead to one place. */
  readonly #copies = new Map<string | undefined, FirstCopy>();

  /** The directory that the last file went into. */
  #current: { readonly path: Name; readonly fd: Fd } | undefined;

  constructor(fs: HostFs, target: InRoot, request: CopyRequest, turns: LoopTurns) {
    this.#fs = fs;
    this.#target = target;
    this.#request = request;
    this.#turns = turns;
    this.#links = new FirstNames(fs);
  }

  close(): void {
    if (this.#current !== undefined) this.#fs.close(this.#current.fd);
    this.#current = undefined;
  }

  /** A single file that becomes `path`. */
  async copyFileTo(source: CopySource, path: Name): Promise<void> {
    await this.copyFile(source, asName(posix.dirname(path)), asName(basename(path)));
  }

  /** A single file as (directory, name). */
  async copyFile({ tree, found, seen }: CopySource, directory: Name, name: Name): Promise<void> {
    seen?.noteCopy(found.path);
    if (this.#request.exclude.ignores(nameOf(found.path))) return;
    await this.#copyEntry(tree, found.path, { directory, name, follow: true });
  }

  /** The content of a directory, which itself is not copied. */
  async copyDirectory({ tree, found, archive, seen }: CopySource, path: Name): Promise<void> {
    const made: { path: Name; entry: Entry }[] = [];
    for (const entry of tree.walk(found, this.#request.exclude)) {
      await this.#turns.take();
      seen?.noteCopy(entry.path);
      const place = asName(entry.relative === '' ? path : `${path === '/' ? '' : path}/${entry.relative}`);
      const isDirectory = (entry.mode & S_IFMT) === S_IFDIR;
      if (entry.relative === '' || (isDirectory && archive?.implied.has(entry.relative) === true)) {
        const isKept = entry.relative !== '' || this.#request.keepsRoots === true;
        const isNew = this.#makeTarget(place, isKept ? undefined : this.#request.attributes.mode);
        if (isNew && isKept) made.push({ path: place, entry });
        continue;
      }
      const directory = asName(posix.dirname(place));
      const name = nameOf(place);
      if (archive !== undefined) this.#clear({ directory: this.#open(directory), name }, isDirectory);
      if (isDirectory) makeDirectory(this.#fs, { directory: this.#open(directory), name });
      else await this.#copyEntry(tree, entry.path, { directory, name, follow: false });
      if (isDirectory) made.push({ path: place, entry });
    }
    // Last, since what is made in a directory changes its time, and its mode may forbid it.
    for (const directory of made.reverse()) this.#finishDirectory(tree, directory.path, directory.entry);
  }

  /** Two directories become one; anything else that is there goes. */
  #clear({ directory, name }: Place, isDirectory: boolean): void {
    if (!this.#fs.findStatx(directory, name)) return;
    const isThere = ((this.#fs.stat[st.mode] ?? 0) & S_IFMT) === S_IFDIR;
    if (isThere !== isDirectory) removeTree(this.#fs, directory, name);
  }

  /** The directories above it come along, from the one after the pivot on. */
  async copyWithParents(source: CopySource, destination: Name, below: Name): Promise<void> {
    const { tree, found, seen } = source;
    const parts = below.split('/').filter((part) => part !== '');
    const parents = source.found.isDirectory ? parts : parts.slice(0, -1);
    const above = found.path.split('/').slice(0, found.path.split('/').length - parts.length);
    let path = destination as string;
    for (const [index, part] of parents.entries()) {
      path = `${path === '/' ? '' : path}/${part}`;
      const isNew = this.#makeTarget(asName(path), undefined);
      const origin = asName([...above, ...parts.slice(0, index + 1)].join('/'));
      seen?.noteCopy(origin);
      if (isNew)
        this.#finishDirectory(tree, asName(path), tree.entryAt(origin, asName(''), { follow: true }));
    }
    if (found.isDirectory) await this.copyDirectory(source, asName(path));
    else await this.copyFile(source, asName(path), nameOf(found.path));
  }

  async #copyEntry(
    tree: SourceTree,
    path: Name,
    to: { readonly directory: Name; readonly name: Name; readonly follow: boolean },
  ): Promise<void> {
    const { attributes } = this.#request;
    const source = tree.findObject(path, to.follow);
    if (source === undefined) return;
    try {
      const facts = factsOf(this.#fs, source);
      const place = { directory: this.#open(to.directory), name: to.name };
      const first = this.#links.find(source, facts);
      const replaced = this.#copies.size === 0 ? undefined : this.#copies.get(findIdentity(this.#fs, place));
      if (first !== undefined && first === replaced) return;
      // Its inode number may soon be that of another file.
      if (replaced !== undefined) this.#copies.delete(replaced.identity);
      if (first !== undefined && this.#link(first, place)) return;
      await copyObject(this.#fs, source, facts, place, attributes);
      if (hasSeveralNames(facts)) this.#keep(source, facts, place, to);
    } finally {
      this.#fs.close(source);
    }
  }

  #keep(
    source: Fd,
    facts: Float64Array,
    place: Place,
    { directory, name }: Omit<FirstCopy, 'identity'>,
  ): void {
    const copy = { directory, name, identity: findIdentity(this.#fs, place) };
    this.#links.keep(source, facts, copy);
    this.#copies.set(copy.identity, copy);
  }

  /** False where the first copy is gone: then the data is copied once more. */
  #link(first: FirstCopy, place: Place): boolean {
    const isThere = this.#copies.get(first.identity) === first;
    const directory = isThere ? this.#target.findDirectory(first.directory) : undefined;
    if (directory === undefined) return false;
    try {
      makeRoom(this.#fs, place);
      this.#fs.linkat(directory, first.name, place.directory, place.name);
      return true;
    } finally {
      this.#fs.close(directory);
    }
  }

  #finishDirectory(tree: SourceTree, path: Name, entry: Entry): void {
    const source = tree.findObject(entry.path, entry.relative === '');
    if (source === undefined) return;
    const to = this.#open(path);
    try {
      const place = { directory: to, name: asName('') };
      copyMetadata(this.#fs, source, factsOf(this.#fs, source), place, this.#request.attributes);
    } finally {
      this.#fs.close(source);
    }
  }

  /** Whether there was no directory at `path`: then it is made, with what `mode` makes of 0755. */
  #makeTarget(path: Name, mode: CopyAttributes['mode']): boolean {
    const { directory, isNew } = openTargetDirectory(this.#target, path, this.#parentOwner());
    try {
      if (isNew && mode !== undefined) this.#fs.fchmodat(directory, asName(''), mode(S_IFDIR | 0o755));
    } finally {
      this.#fs.close(directory);
    }
    return isNew;
  }

  /** The directory at `path`, made where it is missing; it stays open for the files that follow. */
  #open(path: Name): Fd {
    if (this.#current?.path === path) return this.#current.fd;
    this.close();
    const fd =
      this.#target.findDirectory(path) ??
      openTargetDirectory(this.#target, path, this.#parentOwner()).directory;
    this.#current = { path, fd };
    return fd;
  }

  /** Of directories that no source has: those of `--chown`. */
  #parentOwner(): Owner {
    return this.#request.attributes.owner ?? rootOwner;
  }
}

function nameOf(path: Name): Name {
  return asName(path.slice(path.lastIndexOf('/') + 1));
}
