/**
 * What the steps of settling an upper share (`settle.ts`), and the directory that they walk with. A
 * directory of the union may not exist in the upper yet: it is made there, as a copy of the lower one,
 * when something has to be put into it.
 */
import type { Fd } from '../base/ids.ts';
import { asName, type Name } from '../base/name.ts';
import {
  NAME_MAX,
  O_DIRECTORY,
  O_NOFOLLOW,
  O_RDONLY,
  RESOLVE_BENEATH,
  RESOLVE_NO_SYMLINKS,
  RESOLVE_NO_XDEV,
} from '../os/constants.ts';
import { mark, type HostFs } from '../os/host-fs.ts';
import { aufsOpaqueName, aufsWhiteoutName, aufsWhiteoutTargets } from './aufs.ts';
import type { LowerDir, LowerObject, LowerView } from './lower-view.ts';
import { copyObject, type CopiedFacts, type CopySource } from './object-copy.ts';
import { readOpaque } from './opaque.ts';
import type { Redirect } from './redirect.ts';
import { renameToFree } from './renames.ts';
import { restoreState, saveState } from './saved-state.ts';
import type { TempNames } from './temp-names.ts';
import { isWhiteoutAt, isWhiteoutStat } from './whiteout.ts';
import type { OverlayNames } from './xattr-names.ts';

/** One thing that was done, or that the operator should know; `path` is below the upper's root. */
export interface SettleStep {
  readonly kind: 'data' | 'copy' | 'link' | 'warning';
  readonly path: Name;
  readonly message?: string;
}

export interface SettleContext {
  readonly fs: HostFs;
  readonly names: OverlayNames;
  /** `.wh.` names are whiteouts. */
  readonly aufs: boolean;
  readonly view: LowerView;
  /** The upper's root. */
  readonly upper: Fd;
  /** An empty directory on the upper's file system. */
  readonly work: Fd;
  readonly temps: TempNames;
  /** Whether whiteouts of the upper may be files with an attribute. */
  readonly xattrWhiteouts: boolean;
  /** Link counts stay as they were. */
  readonly keepsCounts: boolean;
  readonly report: (step: SettleStep) => void;
}

const self = asName('');
const staysInside = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV;

export class UnionDir {
  readonly lowers: readonly LowerDir[];
  readonly parent: UnionDir | undefined;
  readonly name: Name;
  /** Its directory in the upper, open for reading; undefined while there is none. */
  fd: Fd | undefined;

  constructor(
    lowers: readonly LowerDir[],
    fd: Fd | undefined,
    place?: { readonly parent: UnionDir; readonly name: Name },
  ) {
    this.lowers = lowers;
    this.fd = fd;
    this.parent = place?.parent;
    this.name = place?.name ?? self;
  }

  /** Of the directory itself, or of `name` in it, below the root of the union. */
  path(name: Name = self): Name {
    if (this.parent === undefined) return name;
    const own = this.parent.path(this.name);
    return name === self ? own : asName(`${own}/${name}`);
  }
}

/** Whether (dir, name) of the upper, which `fs.stat` tells of, is a whiteout. */
export function isWhiteout({ fs, names, xattrWhiteouts }: SettleContext, dir: Fd, name: Name): boolean {
  return xattrWhiteouts ? isWhiteoutAt(fs, dir, name, names) : isWhiteoutStat(fs.stat);
}

/** The root of the union. */
export function rootDir(context: SettleContext): UnionDir {
  return new UnionDir(context.view.roots, context.upper);
}

/** Everything in the upper's part of a directory, in the order of the bytes. */
export function listUpper(context: SettleContext, dir: UnionDir): Name[] {
  return dir.fd === undefined ? [] : [...context.fs.listDirectory(dir.fd).names].sort();
}

/** The names that show through from below a directory whose names in the upper are `present`. */
export function listBelow({ view, aufs }: SettleContext, dir: UnionDir, present: readonly Name[]): Set<Name> {
  const below = view.list(dir.lowers);
  for (const name of present) below.delete(name);
  if (aufs) for (const name of aufsWhiteoutTargets(present)) below.delete(name);
  return below;
}

function openUpper(context: SettleContext, parent: Fd, name: Name): Fd {
  return context.fs.openat2(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, staysInside);
}

/** A directory of the upper. */
interface UpperPlace {
  readonly parent: UnionDir;
  /** That of `parent`. */
  readonly fd: Fd;
  readonly name: Name;
  /** Its own, if it has one. */
  readonly redirect?: Redirect | undefined;
}

/** Runs `act` with a directory that the upper has, and what lies below it: nothing for an opaque one. */
export async function withDirectory(
  context: SettleContext,
  place: UpperPlace,
  act: (dir: UnionDir) => Promise<void>,
): Promise<void> {
  const { fs, view } = context;
  const { parent, name } = place;
  const fd = openUpper(context, place.fd, name);
  try {
    const below = findBelow(context, fd, place);
    try {
      await act(new UnionDir(below.kind === 'directory' ? below.dirs : [], fd, { parent, name }));
    } finally {
      view.close(below);
    }
  } finally {
    fs.close(fd);
  }
}

function findBelow(context: SettleContext, fd: Fd, place: UpperPlace): LowerObject {
  const { parent, name, redirect } = place;
  if (isOpaque(context, fd, self)) return { kind: 'none' };
  // What hides the name says nothing about a directory that was renamed to it.
  if (redirect === undefined && isHidden(context, place.fd, name)) return { kind: 'none' };
  return context.view.find(parent.lowers, name, { redirect, wanted: 'directory' });
}

/** Whether a whiteout of AUFS hides what lies below the name. */
function isHidden({ fs, aufs }: SettleContext, dir: Fd, name: Name): boolean {
  const whiteout = aufsWhiteoutName(name);
  return aufs && whiteout.length <= NAME_MAX && fs.findStatx(dir, whiteout);
}

/** Whether a directory hides what lies below it, by a mark on it or in it. */
export function isOpaque({ fs, names, aufs }: SettleContext, dir: Fd, name: Name): boolean {
  const inside = name === self ? aufsOpaqueName : asName(`${name}/${aufsOpaqueName}`);
  if (aufs && fs.findStatx(dir, inside)) return true;
  const marks = fs.overlayMarks(dir, name, names.prefix);
  return (marks & (mark.opaque | mark.foreign)) !== 0 && readOpaque(fs, dir, name, names) === 'opaque';
}

/** Changes what a directory of the upper holds, but not its times. */
export function changeIn(context: SettleContext, dir: Fd, change: () => void): void {
  const { fs, names } = context;
  saveState(fs, dir, self, names);
  try {
    change();
  } finally {
    restoreState(fs, dir, self, names);
  }
}

/** The directory in the upper, made there (and in the same way its parents) if there is none. */
export async function ensureUpper(context: SettleContext, dir: UnionDir): Promise<Fd> {
  if (dir.fd !== undefined) return dir.fd;
  const source = dir.lowers[0];
  if (dir.parent === undefined || source === undefined) throw new Error('a directory that is nowhere');
  await publishCopy(context, { object: source.fd, data: undefined }, dir.parent, dir.name);
  dir.fd = openUpper(context, await ensureUpper(context, dir.parent), dir.name);
  return dir.fd;
}

/**
 * Copies an object of a lower layer to (dir, name) of the upper, where nothing is. It appears there in one
 * step, after `prepare` has had its turn with it in the work directory.
 */
export async function publishCopy(
  context: SettleContext,
  source: CopySource,
  dir: UnionDir,
  name: Name,
  prepare?: (temp: Name, facts: CopiedFacts) => void,
): Promise<void> {
  const { fs, work, names } = context;
  const parent = await ensureUpper(context, dir);
  const temp = context.temps.next();
  const facts = await copyObject(fs, source, work, temp, names);
  prepare?.(temp, facts);
  changeIn(context, parent, () => {
    renameToFree(fs, { dir: work, name: temp }, { dir: parent, name });
  });
  context.report({ kind: 'copy', path: dir.path(name) });
}
