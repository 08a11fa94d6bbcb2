/**
 * Which directories of the lowers make up one merged directory: those of its name, from the top, until
 * an opaque one or something that is no directory; a redirect changes the name, or the path, for the
 * layers below (fs/overlayfs/namei.c, ovl_lookup). Redirects are walked component by component inside
 * their layer, downwards only: a hostile one can neither leave its layer nor loop.
 */
import { fsError } from '../base/fs-error.ts';
import type { Name } from '../base/name.ts';
import { readOpaque } from '../layer/opaque.ts';
import { pathBelow, readRedirect, type Redirect } from '../layer/redirect.ts';
import { S_IFDIR, S_IFMT } from '../os/constants.ts';
import { mark, st } from '../os/host-fs.ts';
import type { Attr } from '../vfs/attr.ts';
import type { UnionCore } from './core.ts';
import { foundDirectory } from './covered-dir.ts';
import type { Layer } from './layer.ts';
import type { Node } from './node.ts';
import { isAufsOpaqueDir, isHiddenBelow, probe, probeEach, statLower } from './probe.ts';
import type { RealDir } from './real-dir.ts';

/** What the overlay attributes of a directory say about the layers below it. */
export interface DirectoryMarks {
  readonly opaque: boolean;
  readonly redirect: Redirect | undefined;
  readonly impure: boolean;
  /** It has attributes of the union that are none of these. */
  readonly other: boolean;
}

const plain: DirectoryMarks = { opaque: false, redirect: undefined, impure: false, other: false };
const plainImpure: DirectoryMarks = { ...plain, impure: true };

/** EIO for a redirect that is not valid, EPERM for one that must not be followed. */
export function readMarks(core: UnionCore, dir: RealDir): DirectoryMarks {
  if (dir.isCovered) return plain;
  const fd = core.at(dir);
  const marks = core.fs.overlayMarks(fd, dir.name, core.names.prefix);
  const impure = (marks & mark.impure) !== 0;
  const other = (marks & mark.other) !== 0;
  if ((marks & (mark.opaque | mark.redirect | mark.foreign | mark.other)) === 0) {
    return impure ? plainImpure : plain;
  }
  const opacity =
    (marks & (mark.opaque | mark.foreign)) === 0 ? 'none' : readOpaque(core.fs, fd, dir.name, core.names);
  if (opacity === 'xattrs') dir.xattrWhiteouts = true;
  // Nothing below an opaque one: where a redirect would lead is not asked.
  if (opacity === 'opaque') return { opaque: true, impure, other, redirect: undefined };
  return {
    opaque: false,
    impure,
    other,
    redirect: (marks & mark.redirect) === 0 ? undefined : followed(core, dir),
  };
}

/** Reads a redirect that is going to be followed. */
export function followed(
  core: UnionCore,
  place: { dir: RealDir | undefined; name: Name },
): Redirect | undefined {
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
    const dir = foundDirectory(this.#core, inside, name);
    this.dirs.push(dir);
    this.#afterOne(parent, name, dir, position, renamed);
  }

  #afterOne(parent: Node, name: Name, dir: RealDir, position: number, renamed = false): void {
    if (this.#core.isBottom(dir.layer)) return;
    const marks = readMarks(this.#core, dir);
    if (marks.opaque) return;
    const redirect = marks.redirect;
    // The index says without a system call that nothing is below.
    if (redirect === undefined && !renamed && parent.dir?.index?.position(name, position + 1) === -1) return;
    if (isAufsOpaqueDir(this.#core, dir)) return;
    if (redirect?.absolute === true) {
      this.#fromRoots(redirect.components, dir.layer.index + 1);
      return;
    }
    const inside = parent.dir?.lowers[position] as RealDir;
    if (isHiddenBelow(this.#core, inside, name)) return;
    this.#fromParent(
      parent,
      redirect?.components[0] ?? name,
      renamed || redirect !== undefined,
      position + 1,
    );
  }

  /** An absolute redirect: the path in every layer from `index` on. */
  #fromRoots(components: readonly Name[], index: number): void {
    let path = components;
    for (const layer of this.#core.lowers) {
      if (layer.index < index) continue;
      const walked = walk(this.#core, layer, path, this.#target(), this.#core.isBottom(layer));
      if (walked.dir !== undefined) this.dirs.push(walked.dir);
      if (walked.isLast) return;
      path = walked.path;
    }
  }

  #target(): Attr {
    return this.dirs.length === 0 ? this.#attr : this.#core.scratch;
  }
}

interface Walked {
  /** undefined: it is not there. */
  readonly dir: RealDir | undefined;
  /** Nothing in the layers below counts. */
  readonly isLast: boolean;
  /** The path in the layers below: redirects of the directories on the way have been applied. */
  readonly path: readonly Name[];
}

/**
 * Walks `path` from the root of a layer (fs/overlayfs/namei.c, ovl_lookup_layer). `isBottom`: no layer below
 * could be asked.
 */
function walk(core: UnionCore, layer: Layer, path: readonly Name[], attr: Attr, isBottom: boolean): Walked {
  let dir = layer.rootDir;
  let below = path;
  let isLast = false;
  for (const [i, name] of path.entries()) {
    const seen = statLower(core, dir, name, attr);
    if (seen === 'absent')
      return { dir: undefined, isLast: isLast || isHiddenBelow(core, dir, name), path: below };
    if (seen === 'whiteout' || !isDirectory(core)) return { dir: undefined, isLast: true, path: below };
    const inside = dir;
    dir = foundDirectory(core, inside, name);
    if (isBottom) continue;
    const { opaque, redirect } = readMarks(core, dir);
    const closed = opaque || isAufsOpaqueDir(core, dir);
    if (closed || isHiddenBelow(core, inside, name)) isLast = true;
    if (closed || redirect === undefined) continue;
    below = pathBelow(below, path.length - 1 - i, redirect);
    // What is opaque on the way here does not hide what the redirect names.
    if (redirect.absolute) isLast = false;
  }
  return { dir, isLast: isLast || isBottom, path: below };
}

/** The directory that a path leads to in one layer, for a file whose data may be in a data-only layer. */
export function walkDirectory(core: UnionCore, layer: Layer, path: readonly Name[]): Walked {
  return walk(core, layer, path, core.scratch, core.isBottom(layer) && core.dataLayers.length === 0);
}

function isDirectory(core: UnionCore): boolean {
  return ((core.fs.stat[st.mode] ?? 0) & S_IFMT) === S_IFDIR;
}
