/**
 * A tree that files are copied from: a build context with its ignore rules, the root of another stage or image, a
 * directory of files that a step has made. Every path is resolved inside the tree (`InRoot`): a symbolic link
 * in it leads to where it would lead if the tree were the whole world.
 */
import { readlinkSync } from 'node:fs';
import { FsError, isFsError } from '../../base/fs-error.ts';
import type { Fd } from '../../base/ids.ts';
import { asName, nameFromText, nameToText, type Name } from '../../base/name.ts';
import { UserError } from '../../base/user-error.ts';
import { O_DIRECTORY, O_NOFOLLOW, O_PATH, O_RDONLY, S_IFDIR, S_IFMT, S_IFSOCK } from '../../os/constants.ts';
import { st, type HostFs } from '../../os/host-fs.ts';
import { fdPath, InRoot, type Owner } from '../../os/in-root.ts';
import { restBelow } from '../../os/mountinfo.ts';
import { factsOf } from '../../run/copy-object.ts';
import { noRules, type IgnoreRules } from './ignore-rules.ts';
import { componentExpression, hasWildcard } from './path-pattern.ts';

/** Something that a pattern named. */
export interface Found {
  /** From the root of the tree, clean, without a slash in front; empty for the root itself. */
  readonly path: Name;
  readonly isDirectory: boolean;
}

/** An object below what was found. */
export interface Entry {
  /** From the root of the tree. */
  readonly path: Name;
  /** From what was found; empty for that itself. */
  readonly relative: Name;
  /** st_mode. */
  readonly mode: number;
  readonly owner: Owner;
}

const self = asName('');

export class SourceTree {
  readonly #fs: HostFs;
  readonly #root: InRoot;
  readonly #rules: IgnoreRules;
  readonly #without: readonly Name[];

  /**
   * `directory` is taken for `/`; `close` lets go of it. `without`: paths from there that are no part of the tree, whatever
   * the rules let in and whichever links lead there, since we write in them ourselves; empty for the directory itself. They
   * have no links in them. FsError where it is no directory.
   */
  constructor(
    fs: HostFs,
    directory: string,
    {
      rules = noRules,
      without = [],
    }: { readonly rules?: IgnoreRules; readonly without?: readonly Name[] } = {},
  ) {
    this.#fs = fs;
    this.#rules = rules;
    this.#without = without;
    this.#root = new InRoot(directory);
  }

  close(): void {
    this.#root.close();
  }

  /** Whether some of the directory may be no part of it. */
  get isPartial(): boolean {
    return this.#rules !== noRules || this.#without.length > 0;
  }

  /**
   * What a source of COPY names, in the order of the bytes of the paths; links at the end are followed. UserError
   * `no-source` where a path without wildcards is not there, `bad-pattern`.
   */
  find(source: string): Found[] {
    const components = cleanComponents(source);
    const isPattern = components.some(hasWildcard);
    if (!isPattern) {
      const path = asName(components.map((part) => nameFromText(part)).join('/'));
      const found = this.#findAt(path);
      if (found !== undefined) return [found];
      throw this.#missing(source, path);
    }
    const paths = this.#expand('', components, 0);
    return [...new Set(paths)]
      .sort()
      .map((path) => this.#findAt(asName(path)))
      .filter((found) => found !== undefined);
  }

  /**
   * What was found, and all that is in it: a directory before its content, names in the order of their bytes.
   * Sockets and what `rules` or the tree's own rules leave out are not among it.
   */
  *walk(found: Found, rules: IgnoreRules = noRules): Generator<Entry, void, undefined> {
    const own = this.entryAt(found.path, self, { follow: true });
    yield* this.#walkEntry(own, rules);
  }

  /** One object by its path from the root. FsError where there is none. */
  entryAt(path: Name, relative: Name, { follow = false } = {}): Entry {
    return this.withObject(path, follow, (fd) => {
      this.#fs.statx(fd, self);
      const { [st.mode]: mode = 0, [st.uid]: uid = 0, [st.gid]: gid = 0 } = this.#fs.stat;
      return { path, relative, mode, owner: { uid, gid } };
    });
  }

  /** What a directory has just listed may be gone again. */
  #findEntry(path: Name, relative: Name): Entry | undefined {
    try {
      return this.entryAt(path, relative);
    } catch (error) {
      if (isAbsence(error)) return undefined;
      throw error;
    }
  }

  /** What statx tells of an object. FsError where there is none. */
  factsAt(path: Name, follow: boolean): Float64Array {
    return this.withObject(path, follow, (fd) => factsOf(this.#fs, fd));
  }

  /** An O_PATH descriptor of the object, for the caller to close. FsError where there is none. */
  openObject(path: Name, follow: boolean): Fd {
    return this.#root.open(path, O_PATH | (follow ? 0 : O_NOFOLLOW));
  }

  /** The same. A link that a pattern named (`isNamed`) is followed; what a walk came by may be gone: undefined. */
  findObject(path: Name, isNamed: boolean): Fd | undefined {
    return isNamed ? this.openObject(path, true) : this.#root.findOpen(path, O_PATH | O_NOFOLLOW);
  }

  /** Runs `act` with such a descriptor. */
  withObject<T>(path: Name, follow: boolean, act: (fd: Fd) => T): T {
    const fd = this.openObject(path, follow);
    try {
      return act(fd);
    } finally {
      this.#fs.close(fd);
    }
  }

  *#walkEntry(entry: Entry, rules: IgnoreRules): Generator<Entry, void, undefined> {
    const isRoot = entry.relative === '';
    const type = entry.mode & S_IFMT;
    if (type === S_IFSOCK) return;
    const isLeftOut =
      (!isRoot && rules.ignores(entry.relative)) || (entry.path !== '' && this.#rules.ignores(entry.path));
    if (type !== S_IFDIR) {
      if (!isLeftOut) yield entry;
      return;
    }
    if (isLeftOut && !rules.hasExceptions && !this.#rules.hasExceptions) return;
    // A directory that is left out comes along when something in it does not.
    let isPending = isLeftOut;
    if (!isLeftOut) yield entry;
    for (const name of this.#names(entry.path)) {
      const child = this.#findEntry(join(entry.path, name), join(entry.relative, name));
      if (child === undefined) continue;
      for (const inner of this.#walkEntry(child, rules)) {
        if (isPending) yield entry;
        isPending = false;
        yield inner;
      }
    }
  }

  /** Paths that match components from `index` on, below `base`. */
  #expand(base: string, components: readonly string[], index: number): string[] {
    const part = components[index];
    if (part === undefined) return [base];
    if (part === '**') {
      const here = this.#expand(base, components, index + 1);
      return [...here, ...this.#subdirectories(base).flatMap((sub) => this.#expand(sub, components, index))];
    }
    if (!hasWildcard(part))
      return this.#expand(join(asName(base), nameFromText(part)), components, index + 1);
    const expression = componentExpression(part);
    const isLast = index === components.length - 1;
    return this.#names(asName(base))
      .filter((name) => expression.test(nameToText(name)))
      .map((name) => join(asName(base), name))
      .filter((path) => !isLast || !this.#isLeftOut(path))
      .flatMap((path) => this.#expand(path, components, index + 1));
  }

  #subdirectories(base: string): string[] {
    return this.#names(asName(base))
      .map((name) => join(asName(base), name))
      .filter((path) => ((this.#findEntry(path, self)?.mode ?? 0) & S_IFMT) === S_IFDIR);
  }

  /** Undefined where nothing is, or what is there is left out. */
  #findAt(path: Name): Found | undefined {
    if (this.#isLeftOut(path)) return undefined;
    try {
      const { mode } = this.entryAt(path, self, { follow: true });
      return { path, isDirectory: (mode & S_IFMT) === S_IFDIR };
    } catch (error) {
      if (isAbsence(error)) return undefined;
      throw error;
    }
  }

  /** Of a file; a directory may hold exceptions. */
  #isLeftOut(path: Name): boolean {
    if (this.#isForeign(path)) return true;
    if (path === '' || !this.#rules.ignores(path)) return false;
    return !this.#rules.hasExceptions || !this.#isDirectory(path);
  }

  #isDirectory(path: Name): boolean {
    try {
      return (this.entryAt(path, self, { follow: true }).mode & S_IFMT) === S_IFDIR;
    } catch (error) {
      if (error instanceof FsError) return false;
      throw error;
    }
  }

  /** Of what is at `path`; a link there is followed. */
  #isForeign(path: Name): boolean {
    if (this.#without.length === 0) return false;
    const fd = this.#root.findOpen(path, O_PATH);
    if (fd === undefined) return false;
    try {
      return this.#isWithout(this.#realPath(fd));
    } finally {
      this.#fs.close(fd);
    }
  }

  #isWithout(path: Name): boolean {
    return this.#without.some((other) => other === '' || path === other || path.startsWith(`${other}/`));
  }

  /** The path from the root to what was opened in the tree, by which links it was found. */
  #realPath(fd: Fd): Name {
    const root = this.#root.open(self, O_PATH);
    try {
      const [from, to] = [root, fd].map((one) => asName(readlinkSync(fdPath(one), 'latin1')));
      return asName(restBelow(from ?? self, to ?? self) ?? '');
    } finally {
      this.#fs.close(root);
    }
  }

  #missing(source: string, path: Name): UserError {
    if (this.#isForeign(path)) {
      return new UserError('no-source', `"${source}" is no part of the context`, {
        hint: 'the data root or the run root lies there: use a --root or --run-root outside of the context',
      });
    }
    const isHidden = path !== '' && this.#rules.ignores(path);
    return new UserError('no-source', `there is no "${source}" ${isHidden ? 'left' : 'there'}`, {
      hint: isHidden
        ? 'the rules of .dockerignore leave it out: add a line !PATH to it'
        : 'paths are relative to the build context, the last argument of the command',
    });
  }

  #names(path: Name): Name[] {
    const fd = this.#root.findOpen(path, O_RDONLY | O_DIRECTORY);
    if (fd === undefined) return [];
    try {
      const names = [...this.#fs.listDirectory(fd).names].sort();
      if (this.#without.length === 0) return names;
      const directory = this.#realPath(fd);
      return names.filter((name) => !this.#isWithout(join(directory, name)));
    } finally {
      this.#fs.close(fd);
    }
  }
}

function isAbsence(error: unknown): boolean {
  return isFsError(error, 'ENOENT') || isFsError(error, 'ENOTDIR');
}

/** Components of a path; `..` stops at the root, as it does for the kernel there. */
export function cleanComponents(path: string): string[] {
  const components: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') components.pop();
    else if (part !== '' && part !== '.') components.push(part);
  }
  return components;
}

function join(path: Name, name: Name): Name {
  return path === '' ? name : asName(`${path}/${name}`);
}
