/**
 * Makes an upper plain while it is not mounted: an upper that was written with `metacopy`,
 * `redirect_dir` and `index` on shows, after this, the same tree to mounts that know none of them, the
 * kernel's overlayfs with its defaults and fuse-overlayfs among them. Metacopy files get their data, redirected
 * directories their content, names of hard-linked files that are still below are brought up, and the
 * attributes that only those options need are dropped; the opaque mark of fuse-overlayfs becomes everybody's. Each
 * change alone is invisible in the tree, but for the link count of a file whose other names higher layers hide, which is the
 * true one without the index, and that of a merged directory, which is a real one once it is opaque. So it can be stopped anywhere;
 * started again, it finishes. Lower layers are only read.
 *
 * Not mended are redirects and metacopy files inside the lower layers themselves.
 */
import type { Fd } from '../base/ids.ts';
import { asName, type Name } from '../base/name.ts';
import { UserError } from '../base/user-error.ts';
import { S_IFDIR, S_IFMT } from '../os/constants.ts';
import { mark, st, type HostFs } from '../os/host-fs.ts';
import { aufsOpaqueName } from './aufs.ts';
import { orTooDeep } from './depth-limit.ts';
import { removeForeignGuard } from './foreign-guard.ts';
import { bindIndex, isIndexOfOther, removeIndex } from './index-dir.ts';
import { LinkBook } from './link-book.ts';
import { LowerView, type LowerFile } from './lower-view.ts';
import { removeNlink } from './nlink.ts';
import { adoptOpaque, expectNoXattrWhiteouts, readOpaque } from './opaque.ts';
import { protectionOf } from './protattr.ts';
import { emptyDirectory } from './remove-tree.ts';
import { removeRedirect } from './redirect.ts';
import { forgetState, restoreState } from './saved-state.ts';
import {
  changeIn,
  isWhiteout,
  listBelow,
  listUpper,
  rootDir,
  UnionDir,
  withDirectory,
  type SettleContext,
  type SettleStep,
} from './settle-context.ts';
import { fillTree, linkName } from './settle-fill.ts';
import { liftFlags, putFlagsBack } from './settle-flags.ts';
import { TempNames } from './temp-names.ts';
import { dropNoteOfXattrWhiteouts, isWhiteoutStat, notesXattrWhiteouts, WhiteoutMaker } from './whiteout.ts';
import { findIndex, prepareWork, type PreparedWork } from './work-dir.ts';
import type { OverlayNames } from './xattr-names.ts';

export interface SettleParts {
  /** Roots of the lower layers, from the top, as they were when the upper was written. */
  readonly lowers: readonly Fd[];
  /** Roots of the data-only lower layers. */
  readonly dataOnly?: readonly Fd[];
  /** Whether `.wh.` names are whiteouts, in the upper, too; not unless told. There they stay as they are. */
  readonly aufs?: boolean;
  /** The upper's root, open for reading. */
  readonly upper: Fd;
  /** The directory that was given as workdir. */
  readonly work: Fd;
  /** Whether the upper was mounted with an index; true unless told. Otherwise no name is linked by the one that is there. */
  readonly index?: boolean;
  /**
   * Whether link counts stay as they were, true unless told: what has lost one of its names only is then brought up with all its
   * data. A layer does without: whoever stacks it counts the names that he finds.
   */
  readonly keepsCounts?: boolean;
  readonly names: OverlayNames;
}

const self = asName('');

/**
 * Settles an upper that nobody has mounted; the caller holds its lock. `report` is told of each step.
 * UserError `unclean-volatile`, `invalid-redirect`, `missing-data` (the lower layers are not those that
 * the upper was written over), `other-index`, `too-deep`; FsError where the layers fail, ENOSPC above all: nothing is lost then.
 */
export async function settle(
  fs: HostFs,
  parts: SettleParts,
  report: (step: SettleStep) => void = () => undefined,
): Promise<void> {
  const { names, upper } = parts;
  const isForeign = hasForeignIndex(fs, parts);
  if (isForeign && parts.index !== false) throw foreignIndex();
  const prepared = prepareWork(fs, parts.work, {
    index: parts.index !== false,
    names,
    log: {
      warn: (message) => {
        report({ kind: 'warning', path: self, message });
      },
      fault: () => undefined,
      debug: () => undefined,
    },
  });
  try {
    const view = new LowerView(fs, parts);
    const temps = new TempNames();
    const aufs = parts.aufs === true;
    const xattrWhiteouts =
      notesXattrWhiteouts(fs, upper, names) || readOpaque(fs, upper, self, names) === 'xattrs';
    const keepsCounts = parts.keepsCounts !== false;
    const context: SettleContext = {
      ...{ fs, names, aufs, view, upper, work: prepared.work, temps, xattrWhiteouts, keepsCounts, report },
    };
    const book = new LinkBook(fs, {
      index: usableIndex(fs, parts, prepared, report),
      work: prepared.work,
      names,
    });
    fs.statx(upper, self);
    if (protectionOf(fs.stat) !== 0) liftFlags(context, upper, self);
    await fillTree(context, book, rootDir(context), false);
    if (book.hasMissingNames) await linkNames(context, book, rootDir(context));
    await fs.syncfs(upper);
    if (!isForeign) removeIndex(fs, parts.work);
    emptyDirectory(fs, prepared.work);
    const whiteouts = new WhiteoutMaker(fs, prepared.work, names);
    const devices = xattrWhiteouts && whiteouts.tryOut() === 'device' ? whiteouts : undefined;
    await strip(context, rootDir(context), devices);
    stripMarks(context, upper, self);
    if (devices !== undefined) {
      expectNoXattrWhiteouts(fs, upper, self, names);
      dropNoteOfXattrWhiteouts(fs, upper, names);
      emptyDirectory(fs, prepared.work);
    }
    if (xattrWhiteouts && devices === undefined) {
      const message = 'whiteouts are files with an attribute here, which other programs show as empty files';
      report({ kind: 'warning', path: self, message });
    } else {
      removeForeignGuard(fs, upper, names);
    }
    restoreState(fs, upper, self, names);
    putFlagsBack(context, upper, self);
    await fs.syncfs(upper);
  } catch (thrown) {
    throw orTooDeep(thrown);
  } finally {
    fs.close(prepared.work);
    if (prepared.index !== undefined) fs.close(prepared.index);
  }
}

/** Whether the index in the work directory is that of another upper, which cannot be mounted without it. */
function hasForeignIndex(fs: HostFs, { work, upper, names }: SettleParts): boolean {
  const index = findIndex(fs, work);
  if (index === undefined) return false;
  try {
    return isIndexOfOther(fs, { index, upper, names });
  } finally {
    fs.close(index);
  }
}

function foreignIndex(): UserError {
  return new UserError('other-index', 'the index in the work directory belongs to another upper layer', {
    hint: 'give the work directory of this upper, or, if both are copies, an empty one',
  });
}

/** undefined where hard links cannot be found through the index. */
function usableIndex(
  fs: HostFs,
  parts: SettleParts,
  prepared: PreparedWork,
  report: (step: SettleStep) => void,
): Fd | undefined {
  const [lower] = parts.lowers;
  if (prepared.index === undefined || lower === undefined) return undefined;
  const { upper, names } = parts;
  const binding = bindIndex(fs, { index: prepared.index, upper, lower, names });
  if (binding === 'verified') return prepared.index;
  if (binding === 'other-lower') {
    const message =
      'the index belongs to other lower layers: hard links that were partly copied up come apart';
    report({ kind: 'warning', path: self, message });
  }
  return undefined;
}

/** Brings up every name in the lower layers of a file that the upper has changed under another name. */
async function linkNames(context: SettleContext, book: LinkBook, dir: UnionDir): Promise<void> {
  const { fs } = context;
  if (dir.lowers.length === 0) return;
  const present = listUpper(context, dir);
  for (const name of present) {
    if (dir.fd === undefined || !isDirectory(fs, dir.fd, name)) continue;
    await withDirectory(context, { parent: dir, fd: dir.fd, name }, (inner) =>
      linkNames(context, book, inner),
    );
  }
  for (const name of listBelow(context, dir, present)) await linkLowerName(context, book, dir, name);
}

async function linkLowerName(
  context: SettleContext,
  book: LinkBook,
  parent: UnionDir,
  name: Name,
): Promise<void> {
  const { fs, view } = context;
  const object = view.find(parent.lowers, name);
  try {
    if (object.kind === 'file') await linkLowerFile(context, book, parent, name, object);
    if (object.kind !== 'directory') return;
    const dir = new UnionDir(object.dirs, undefined, { parent, name });
    try {
      await linkNames(context, book, dir);
    } finally {
      if (dir.fd !== undefined) fs.close(dir.fd);
    }
  } finally {
    view.close(object);
  }
}

async function linkLowerFile(
  context: SettleContext,
  book: LinkBook,
  parent: UnionDir,
  name: Name,
  file: LowerFile,
): Promise<void> {
  const entry = book.entryOf(file.object, context.view.uuid(file.layer));
  if (entry === undefined || !book.has(entry)) return;
  if (!context.keepsCounts && book.isUntouched(entry, file.object)) return;
  await linkName(context, book, parent, name, { entry, data: file.data });
}

/**
 * Drops what a plain upper does not need, and mends what a crash of an earlier run has left. Whiteouts that are files become
 * those of `devices`, where it can make them.
 */
async function strip(
  context: SettleContext,
  dir: UnionDir,
  devices: WhiteoutMaker | undefined,
): Promise<void> {
  const { fs, names, aufs } = context;
  const { fd } = dir;
  if (fd === undefined) return;
  // What fuse-overlayfs leaves beside the attribute.
  if (aufs && readOpaque(fs, fd, self, names) === 'opaque') fs.findUnlinkat(fd, aufsOpaqueName, 0);
  const whiteouts: Name[] = [];
  for (const name of listUpper(context, dir)) {
    if (!fs.findStatx(fd, name)) continue;
    if (isWhiteout(context, fd, name)) {
      if (devices !== undefined && !isWhiteoutStat(fs.stat)) {
        changeIn(context, fd, () => {
          devices.replace(fd, name);
        });
      }
      whiteouts.push(name);
      continue;
    }
    const isDir = ((fs.stat[st.mode] ?? 0) & S_IFMT) === S_IFDIR;
    if (isDir) {
      if ((fs.overlayMarks(fd, name, names.prefix) & mark.foreign) !== 0) adoptOpaque(fs, fd, name, names);
      await withDirectory(context, { parent: dir, fd, name }, (inner) => strip(context, inner, devices));
    }
    const marks = stripMarks(context, fd, name);
    if ((marks & mark.other) === 0) continue;
    if (isDir) restoreState(fs, fd, name, names);
    // Whoever has given a file its data since the crash may have written more to it.
    else forgetState(fs, fd, name, names);
    putFlagsBack(context, fd, name);
  }
  if (devices !== undefined && dir.parent !== undefined) expectNoXattrWhiteouts(fs, fd, self, names);
  // Where nothing is below, a plain mount would list them.
  if (dir.lowers.length > 0 || whiteouts.length === 0) return;
  changeIn(context, fd, () => {
    for (const name of whiteouts) fs.unlinkat(fd, name, 0);
  });
}

/** The marks that it had. */
function stripMarks(context: SettleContext, dir: Fd, name: Name): number {
  const { fs, names } = context;
  const marks = fs.overlayMarks(dir, name, names.prefix);
  if ((marks & mark.origin) !== 0) fs.findRemoveXattr(dir, name, names.origin);
  if ((marks & mark.impure) !== 0) fs.findRemoveXattr(dir, name, names.impure);
  if ((marks & mark.nlink) !== 0) removeNlink(fs, dir, name, names);
  if ((marks & mark.redirect) !== 0) removeRedirect(fs, dir, name, names);
  return marks;
}

function isDirectory(fs: HostFs, dir: Fd, name: Name): boolean {
  return fs.findStatx(dir, name) && ((fs.stat[st.mode] ?? 0) & S_IFMT) === S_IFDIR;
}
