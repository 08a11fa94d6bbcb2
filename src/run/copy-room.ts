/**
 * Looks, before a copy begins, for what is in its way: a directory where something else is to come, or the reverse, and what
 * is mounted on. So a copy that would stop at it changes nothing. What cannot be looked at, and what changes after the look, is
 * for the copy itself to tell.
 */
import { FsError } from '../base/fs-error.ts';
import type { Fd } from '../base/ids.ts';
import { asName } from '../base/name.ts';
import { O_DIRECTORY, O_NOFOLLOW, O_PATH, O_RDONLY, S_IFDIR, S_IFMT } from '../os/constants.ts';
import { st, type HostFs } from '../os/host-fs.ts';
import { checkReplaceable, notDirectory, type Place } from './copy-object.ts';
import type { Ways } from './copy-tree.ts';
import { hasFiles } from './kernel-files.ts';

interface Look {
  readonly fs: HostFs;
  readonly ways: Ways | undefined;
}

/**
 * For a copy of what is at `from`, `source` below the top of what is copied, to `to`. UserError `not-a-directory`,
 * `is-a-directory`, `mounted-over`.
 */
export function checkRoom(look: Look, from: Place, to: Place, source = ''): void {
  try {
    const { fs } = look;
    if (findType(fs, from) !== S_IFDIR) {
      checkReplaceable(fs, to);
      return;
    }
    const there = findDirectory(look, to, source);
    if (there === undefined) return;
    try {
      inDirectory(fs, from, (directory) => {
        checkRoomFor(look, directory, there, source);
      });
    } finally {
      fs.close(there);
    }
  } catch (thrown) {
    if (!(thrown instanceof FsError)) throw thrown;
  }
}

/** The same for what is in the directory `from`, and comes into the directory `to`. */
export function checkRoomFor(look: Look, from: Fd, to: Fd, source = ''): void {
  for (const name of look.fs.listDirectory(from).names)
    checkRoom(
      look,
      { directory: from, name },
      { directory: to, name },
      source === '' ? name : `${source}/${name}`,
    );
}

function findType(fs: HostFs, { directory, name }: Place): number | undefined {
  return fs.findStatx(directory, name) ? (fs.stat[st.mode] ?? 0) & S_IFMT : undefined;
}

/** The directory to which one is copied, to be closed; undefined where nothing is. UserError `not-a-directory`. */
function findDirectory({ fs, ways }: Look, to: Place, source: string): Fd | undefined {
  const way = ways?.has(source) === true ? ways.findTarget(source) : undefined;
  if (way !== undefined) return way;
  const type = findType(fs, to);
  if (type === undefined) return undefined;
  if (type !== S_IFDIR) throw notDirectory(to.name, undefined);
  return fs.openat(to.directory, to.name, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0);
}

/** Not in what the kernel makes up. */
function inDirectory(fs: HostFs, { directory, name }: Place, act: (directory: Fd) => void): void {
  const opened =
    name === ''
      ? fs.openat(directory, asName('.'), O_RDONLY | O_DIRECTORY, 0)
      : fs.openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
  try {
    if (hasFiles(opened)) act(opened);
  } finally {
    fs.close(opened);
  }
}
