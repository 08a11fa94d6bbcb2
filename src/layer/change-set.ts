/**
 * Reads an upper as a set of changes to whatever lies below it, which it does not need to know: what
 * was added or modified, deleted, replaced as a whole, moved. Layer archives, diffs and listings
 * of an upper are made from it. The upper must not be mounted, or must not change meanwhile; nothing is
 * written, no link is followed, and what is mounted in it is not entered.
 */
import type { Fd } from '../base/ids.ts';
import { asName, type Name } from '../base/name.ts';
import {
  O_DIRECTORY,
  O_NOFOLLOW,
  O_RDONLY,
  RESOLVE_BENEATH,
  RESOLVE_NO_SYMLINKS,
  RESOLVE_NO_XDEV,
  S_IFDIR,
  S_IFMT,
  S_IFREG,
} from '../os/constants.ts';
import { mark, st, type HostFs } from '../os/host-fs.ts';
import { orTooDeep } from './depth-limit.ts';
import { readOpaque } from './opaque.ts';
import { readRedirect, type InvalidRedirect, type Redirect } from './redirect.ts';
import { isWhiteoutAt } from './whiteout.ts';
import type { OverlayNames } from './xattr-names.ts';

export type ChangeKind =
  /** A file of any type, new or modified as a whole. */
  | 'added-or-modified'
  /** A regular file of which only the metadata is here: the data is below, at `redirect` if there is one. */
  | 'metadata'
  /** A directory, new or with new attributes; what lies below shows through. */
  | 'directory'
  /** A directory that replaces whatever lies below. */
  | 'opaque-directory'
  /** A directory whose content below is that of another one, `redirect`. */
  | 'redirected-directory'
  /** Nothing is here any more. */
  | 'deleted';

export interface Change {
  /** From the root of the upper, without a slash in front; never empty. */
  readonly path: Name;
  readonly kind: ChangeKind;
  /** st_mode; 0 for `deleted`. */
  readonly mode: number;
  /** It was copied up, so there is, or was, something below that it came from. */
  readonly copiedUp: boolean;
  readonly redirect?: Redirect | InvalidRedirect;
}

interface Frame {
  readonly dir: Fd;
  /** Of the directory, with a slash at its end; empty for the root. */
  readonly prefix: string;
  readonly names: readonly Name[];
  next: number;
}

const here = asName('.');
const staysInside = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV;

/**
 * Every change in `upper`, a directory before what it holds, names in the order of their bytes. One
 * descriptor per level of depth is open while it runs; leaving the loop early closes them. UserError `too-deep`.
 */
export function* readChangeSet(
  fs: HostFs,
  upper: Fd,
  names: OverlayNames,
): Generator<Change, void, undefined> {
  const frames: Frame[] = [openFrame(fs, upper, here, '')];
  try {
    for (let frame = frames.at(-1); frame !== undefined; frame = frames.at(-1)) {
      const name = frame.names[frame.next];
      if (name === undefined) {
        frames.pop();
        fs.close(frame.dir);
        continue;
      }
      frame.next += 1;
      const change = readChange(fs, frame.dir, name, asName(frame.prefix + name), names);
      if (change === undefined) continue;
      yield change;
      if ((change.mode & S_IFMT) === S_IFDIR) frames.push(openFrame(fs, frame.dir, name, `${change.path}/`));
    }
  } catch (thrown) {
    throw orTooDeep(thrown);
  } finally {
    for (const frame of frames) fs.close(frame.dir);
  }
}

/** undefined where nothing is there any more. */
function readChange(fs: HostFs, dir: Fd, name: Name, path: Name, names: OverlayNames): Change | undefined {
  if (!fs.findStatx(dir, name)) return undefined;
  if (isWhiteoutAt(fs, dir, name, names)) return { path, kind: 'deleted', mode: 0, copiedUp: false };
  const mode = fs.stat[st.mode] ?? 0;
  const type = mode & S_IFMT;
  const marks = fs.overlayMarks(dir, name, names.prefix);
  const copiedUp = (marks & mark.origin) !== 0;
  if (type !== S_IFDIR) {
    const metadata = type === S_IFREG && (marks & mark.metacopy) !== 0;
    if (!metadata) return { path, kind: 'added-or-modified', mode, copiedUp };
    return withRedirect({ path, kind: 'metadata', mode, copiedUp }, marks, fs, dir, name, names);
  }
  if ((marks & (mark.opaque | mark.foreign)) !== 0 && readOpaque(fs, dir, name, names) === 'opaque') {
    return { path, kind: 'opaque-directory', mode, copiedUp };
  }
  const kind = (marks & mark.redirect) !== 0 ? 'redirected-directory' : 'directory';
  return withRedirect({ path, kind, mode, copiedUp }, marks, fs, dir, name, names);
}

function withRedirect(
  change: Change,
  marks: number,
  fs: HostFs,
  dir: Fd,
  name: Name,
  names: OverlayNames,
): Change {
  if ((marks & mark.redirect) === 0) return change;
  const redirect = readRedirect(fs, dir, name, names);
  return redirect === undefined ? change : { ...change, redirect };
}

function openFrame(fs: HostFs, parent: Fd, name: Name, prefix: string): Frame {
  const dir = fs.openat2(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, staysInside);
  try {
    return { dir, prefix, names: [...fs.listDirectory(dir).names].sort(), next: 0 };
  } catch (error) {
    fs.close(dir);
    throw error;
  }
}
