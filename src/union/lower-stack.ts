/**
 * Which directories of the lowers make up one merged directory: those of its name, from the top, until
 * an opaque one or something that is no directory; a redirect changes the name, or the path, for the
 * layers below (fs/overlayfs/namei.c, ovl_lookup). Redirects are walked component by component inside
 * their layer, downwards only: a hostile one can neither leave its layer nor loop.
 */
import { fsError } from '../base/fs-error.ts';
import type { Name } from '../base/name.ts';
import { readOpaque } from '../layer/opaque.ts';
import { readRedirect, type Redirect } from '../layer/redirect.ts';
import { S_IFDIR, S_IFMT } from '../os/constants.ts';
import { mark, st } from '../os/host-fs.ts';
import type { Attr } from '../vfs/attr.ts';
import type { UnionCore } from './core.ts';
import type { Layer } from './layer.ts';
import type { Node } from './node.ts';
import { isAufsOpaqueDir, isHiddenBelow, probe, probeEach, statLower } from './probe.ts';
import { RealDir } from './real-dir.ts';

/** What the overlay attributes of a directory say about the layers below it. */
export interface DirectoryMarks {
  readonly opaque: boolean;
  readonly redirect: Redirect | undefined;
  readonly impure: boolean;
}

const plain: DirectoryMarks = { opaque: false, redirect: undefined, impure: false };
const plainImpure: DirectoryMarks = { opaque: false, redirect: undefined, impure: true };

/** EIO for a redirect that is not valid, EPERM for one that must not be followed. */
export function readMarks(core: UnionCore, dir: RealDir): DirectoryMarks {
  const fd = core.at(dir);
  const marks = core.fs.overlayMarks(fd, dir.name, core.names.prefix);
  const impure = (marks & mark.impure) !== 0;
  if ((marks & (mark.opaque | mark.redirect | mark.foreign)) === 0) return impure ? plainImpure : plain;
  const opaque =
    (marks & (mark.opaque | mark.foreign)) !== 0 && readOpaque(core.fs, fd, dir.name, core.names) === 'opaque';
  return { opaque, impure, redirect: (marks & mark.redirect) === 0 ? undefined : followed(core, dir) };
}

/** Reads a redirect that is going to be followed. */
export function followed(core: UnionCore, place: { dir: RealDir | undefined; name: Name }): Redirect | undefined {
  const fd = place.dir === undefined ? undefined : core.dirs.fd(place.dir);
  if (fd === undefined) return undefined;
  const redirect = readRedirect(core.fs, fd, place.name, core.names);
  if (redirect === undefined) return undefined;
  if (redirect.invalid) {
    core.log.warn(`invalid redirect of ${place.name}`);
    throw fsError('EIO');
  }
  if (core.features.redirectDir === 'nofollow') {
    core.log.warn(`redirect of ${place.name} is not followed (redirect_dir=nofollow)`);
    throw fsError('EPERM');
  }
  return redirect;
}

export class LowerStack {
  readonly dirs: RealDir[] = [];
  readonly #core: UnionCore;
  /** Attributes of the topmost one go here. */
  readonly #attr: Attr;

  constructor(core: UnionCore, attr: Attr) {
    this.#core = core;
    this.#attr = attr;
  }

  /** Collects what `name` (or its redirect) is in the lowers of `parent`. */
  collect(parent: Node, name: Name, redirect: Redirect | undefined): this {
    if (redirect?.absolute === true) this.#fromRoots(redirect.components, 1);
    else this.#fromParent(parent, redirect?.components[0] ?? name, redirect !== undefined, 0);
    return this;
  }

  /** Goes on below a directory of the lowers that was found already, the first of the stack. */
  continueBelow(parent: Node, name: Name, first: RealDir, position: number): this {
    this.dirs.push(first);
    this.#afterOne(parent, name, first, position);
    return this;
  }

  #fromParent(parent: Node, name: Name, renamed: boolean, from: number): void {
    const attr = this.#target();
    const find = renamed ? probeEach : probe;
    const position = find(this.#core, parent, name, from, attr);
    if (position < 0 || !isDirectory(this.#core)) return;
    const inside = parent.dir?.lowers[position] as RealDir;
    const dir = new RealDir(inside.layer, inside, name);
    dir.size = this.#core.fs.stat[st.size] ?? 0;
    this.dirs.push(dir);
    this.#afterOne(parent, name, dir, position, renamed);
  }

  #afterOne(parent: Node, name: Name, dir: RealDir, position: number, renamed = false): void {
    if (this.#core.isBottom(dir.layer)) return;
    const marks = readMarks(this.#core, dir);
    if (marks.opaque || isAufsOpaqueDir(this.#core, dir)) return;
    const redirect = marks.redirect;
    if (redirect?.absolute === true) {
      this.#fromRoots(redirect.components, dir.layer.index + 1);
      return;
    }
    const inside = parent.dir?.lowers[position] as RealDir;
    if (isHiddenBelow(this.#core, inside, name)) return;
    this.#fromParent(parent, redirect?.components[0] ?? name, renamed || redirect !== undefined, position + 1);
  }

  /** An absolute redirect: the path in every layer from `index` on. */
  #fromRoots(components: readonly Name[], index: number): void {
    let path = components;
    for (const layer of this.#core.lowers) {
      if (layer.index < index) continue;
      const walked = walk(this.#core, layer, path, this.#target());
      if (walked.stop) return;
      if (walked.dir === undefined) continue;
      this.dirs.push(walked.dir);
      if (walked.below || this.#core.isBottom(layer)) return;
      const marks = readMarks(this.#core, walked.dir);
      if (marks.opaque || isAufsOpaqueDir(this.#core, walked.dir)) return;
      if (marks.redirect !== undefined) path = apply(path, marks.redirect);
    }
  }

  #target(): Attr {
    return this.dirs.length === 0 ? this.#attr : this.#core.scratch;
  }
}

/** The path after a redirect: another one, or another last component. */
export function apply(path: readonly Name[], redirect: Redirect): readonly Name[] {
  return redirect.absolute ? redirect.components : [...path.slice(0, -1), ...redirect.components];
}

interface Walked {
  readonly dir: RealDir | undefined;
  /** Something that is not a directory, or a whiteout: nothing below counts. */
  readonly stop: boolean;
  /** An opaque directory on the way: this is the last layer that counts. */
  readonly below: boolean;
}

function walk(core: UnionCore, layer: Layer, path: readonly Name[], attr: Attr): Walked {
  let dir = layer.rootDir;
  let below = false;
  for (const [i, name] of path.entries()) {
    const seen = statLower(core, dir, name, attr);
    if (seen === 'absent') return { dir: undefined, stop: below || isHiddenBelow(core, dir, name), below };
    if (seen === 'whiteout' || !isDirectory(core)) return { dir: undefined, stop: true, below };
    const size = core.fs.stat[st.size] ?? 0;
    dir = new RealDir(layer, dir, name);
    dir.size = size;
    const isLast = i === path.length - 1;
    if (!isLast && !core.isBottom(layer) && readMarks(core, dir).opaque) below = true;
  }
  return { dir, stop: false, below };
}

/** Resolves the directory that holds the last component of `path`, for a file; undefined where it is not there. */
export function walkParent(core: UnionCore, layer: Layer, path: readonly Name[]): RealDir | undefined {
  const parent = path.slice(0, -1);
  if (parent.length === 0) return layer.rootDir;
  return walk(core, layer, parent, core.scratch).dir;
}

function isDirectory(core: UnionCore): boolean {
  return ((core.fs.stat[st.mode] ?? 0) & S_IFMT) === S_IFDIR;
}

