/**
 * The first step of settling: every metacopy file of the upper gets its data, and every redirected
 * directory its content, after which it is opaque. What is put into a directory is what showed there
 * before, so each single change is invisible, and so is stopping between two of them.
 */
import type { Fd } from '../base/ids.ts';
import { nameToText, type Name } from '../base/name.ts';
import { UserError } from '../base/user-error.ts';
import { O_NOFOLLOW, O_RDWR, S_IFDIR, S_IFMT, S_IFREG } from '../os/constants.ts';
import { mark, st, type HostFs } from '../os/host-fs.ts';
import type { BookEntry, LinkBook } from './link-book.ts';
import { getUpperRedirect } from './lower-view.ts';
import { readMetacopy, removeMetacopy } from './metacopy.ts';
import { copyDataTo } from './object-copy.ts';
import { setOpaque } from './opaque.ts';
import { protectionOf } from './protattr.ts';
import { removeRedirect } from './redirect.ts';
import { restoreState, saveState } from './saved-state.ts';
import {
  changeIn,
  ensureUpper,
  isOpaque,
  isWhiteout,
  listBelow,
  listUpper,
  publishCopy,
  UnionDir,
  withDirectory,
  type SettleContext,
} from './settle-context.ts';
import { liftFlags } from './settle-flags.ts';

/** Fills what has to be filled in and below `dir`, and makes it all changeable; with `whole`, everything that shows from below. */
export async function fillTree(
  context: SettleContext,
  book: LinkBook,
  dir: UnionDir,
  whole: boolean,
): Promise<void> {
  const { fs, names } = context;
  const parent = await ensureUpper(context, dir);
  const present = listUpper(context, dir);
  for (const name of present) {
    if (!fs.findStatx(parent, name) || isWhiteout(context, parent, name)) continue;
    const type = (fs.stat[st.mode] ?? 0) & S_IFMT;
    if (protectionOf(fs.stat) !== 0) liftFlags(context, parent, name);
    if (type === S_IFDIR) {
      await fillDirectory(context, book, dir, name, whole);
    } else if (type === S_IFREG && (fs.overlayMarks(parent, name, names.prefix) & mark.metacopy) !== 0) {
      await fillMetacopy(context, dir, name);
    }
  }
  if (!whole || dir.lowers.length === 0) return;
  for (const name of listBelow(context, dir, present)) await copyMissing(context, book, dir, name);
}

/** A directory of the upper. */
async function fillDirectory(
  context: SettleContext,
  book: LinkBook,
  parent: UnionDir,
  name: Name,
  whole: boolean,
): Promise<void> {
  const { fs, names } = context;
  const parentFd = await ensureUpper(context, parent);
  const redirect = isOpaque(context, parentFd, name)
    ? undefined
    : getUpperRedirect(fs, parentFd, name, parent.path(name), names);
  await withDirectory(context, { parent, fd: parentFd, name, redirect }, (dir) =>
    fillTree(context, book, dir, whole || redirect !== undefined),
  );
  if (redirect === undefined) return;
  // The content must be on the disk before the upper stops to point at it.
  await fs.syncfs(context.upper);
  setOpaque(fs, parentFd, name, names);
  removeRedirect(fs, parentFd, name, names);
}

async function fillMetacopy(context: SettleContext, dir: UnionDir, name: Name): Promise<void> {
  const { fs, names, view } = context;
  const parent = await ensureUpper(context, dir);
  const path = dir.path(name);
  if (readMetacopy(fs, parent, name, names)?.invalid === true) throw damaged(path);
  const redirect = getUpperRedirect(fs, parent, name, path, names);
  const below = view.find(dir.lowers, name, { redirect, wanted: 'data' });
  try {
    await completeData(context, parent, name, { data: below.kind === 'file' ? below.data : undefined, path });
    context.report({ kind: 'data', path });
  } finally {
    view.close(below);
  }
}

/**
 * Gives a metacopy file the data of `data` (O_PATH), in place: its other names stay the same file. Until
 * the mark is removed the data below is what counts. An empty file has its data already.
 */
async function completeData(
  context: SettleContext,
  dir: Fd,
  name: Name,
  { data, path }: { data: Fd | undefined; path: Name },
): Promise<void> {
  const { fs, names } = context;
  fs.statx(dir, name);
  const size = fs.stat[st.size] ?? 0;
  const mode = fs.stat[st.mode] ?? 0;
  if (size > 0) {
    if (data === undefined) throw damaged(path);
    saveState(fs, dir, name, names);
    await writeData(fs, dir, name, { data, size, mode });
    restoreState(fs, dir, name, names);
  }
  removeMetacopy(fs, dir, name, names);
  removeRedirect(fs, dir, name, names);
}

async function writeData(
  fs: HostFs,
  dir: Fd,
  name: Name,
  { data, size, mode }: { data: Fd; size: number; mode: number },
): Promise<void> {
  const to = fs.openat(dir, name, O_RDWR | O_NOFOLLOW, 0);
  try {
    await copyDataTo(fs, data, to, size);
  } finally {
    fs.close(to);
  }
  fs.statx(dir, name);
  // Writing takes set-id bits away from a writer without CAP_FSETID.
  if (fs.stat[st.mode] !== mode) fs.fchmodat(dir, name, mode & 0o7777);
}

/** Brings `name`, of which the upper has nothing, up with everything below it. */
async function copyMissing(
  context: SettleContext,
  book: LinkBook,
  parent: UnionDir,
  name: Name,
): Promise<void> {
  const { fs, view } = context;
  const object = view.find(parent.lowers, name);
  try {
    if (object.kind === 'directory') {
      const dir = new UnionDir(object.dirs, undefined, { parent, name });
      try {
        await fillTree(context, book, dir, true);
      } finally {
        if (dir.fd !== undefined) fs.close(dir.fd);
      }
    } else if (object.kind === 'file') {
      const entry = book.entryOf(object.object, view.uuid(object.layer));
      if (entry !== undefined && book.has(entry)) {
        await linkName(context, book, parent, name, { entry, data: object.data });
        return;
      }
      await publishCopy(context, object, parent, name, (temp) => {
        if (entry !== undefined) book.add(entry, temp);
      });
    }
  } finally {
    view.close(object);
  }
}

/** Makes `name` of the upper another name of the object at `entry`, which stands for a lower inode with this `data`. */
export async function linkName(
  context: SettleContext,
  book: LinkBook,
  parent: UnionDir,
  name: Name,
  { entry, data }: { readonly entry: BookEntry; readonly data: Fd | undefined },
): Promise<void> {
  const { fs, names } = context;
  const path = parent.path(name);
  if ((fs.overlayMarks(entry.dir, entry.name, names.prefix) & mark.metacopy) !== 0) {
    await completeData(context, entry.dir, entry.name, { data, path });
  }
  const dir = await ensureUpper(context, parent);
  changeIn(context, dir, () => {
    book.link(entry, dir, name);
  });
  context.report({ kind: 'link', path });
}

function damaged(path: Name): UserError {
  return new UserError('missing-data', `the data of ${nameToText(path)} is in none of the lower layers`, {
    hint: 'give the same lower layers, in the same order, as the mount that wrote this upper',
  });
}
