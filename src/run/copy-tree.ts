/**
 * Copies a tree between directories of which one belongs to somebody else, a running container, say: every step
 * is taken from the descriptor of a directory and follows no symbolic link, so that nothing that is changed meanwhile
 * leads out of either. Hard links within the tree stay; owners, modes, times and attributes come along.
 *
 * COPY of a Dockerfile walks otherwise (`build/execute/copy-files.ts`): its target is at rest, and its links are
 * followed there; what it copies is chosen by rules. Both copy the single object by `copy-object.ts`.
 */
import { FsError } from '../base/fs-error.ts';
import type { Fd } from '../base/ids.ts';
import { asName, nameToText, type Name } from '../base/name.ts';
import { UserError } from '../base/user-error.ts';
import {
  O_DIRECTORY,
  O_NOFOLLOW,
  O_PATH,
  O_RDONLY,
  RESOLVE_BENEATH,
  RESOLVE_NO_SYMLINKS,
  S_IFDIR,
  S_IFMT,
} from '../os/constants.ts';
import { st, type HostFs } from '../os/host-fs.ts';
import type { Owner } from '../os/in-root.ts';
import {
  copyMetadata,
  copyObject,
  factsOf,
  findIdentity,
  FirstNames,
  makeDirectory,
  makeRoom,
  type CopyAttributes,
  type Place,
} from './copy-object.ts';
import { checkRoom, checkRoomFor } from './copy-room.ts';
import { asUnreadableSource, asUnwritable, type Called } from './copy-refusal.ts';
import { hasFiles } from './kernel-files.ts';

const self = asName('');
const staysInside = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS;

export interface CopyOptions {
  /** Everything belongs to them; undefined: owners come along. */
  readonly owner?: Owner;
  /** The directory into which content is copied gets the attributes of that where it was, too. */
  readonly top?: boolean;
  /** As `CopyAttributes` has it. */
  readonly keeps?: CopyAttributes['keeps'];
  /** Directories of the source that only lead to what is in them. */
  readonly ways?: Ways;
  /** For what is refused. */
  readonly called?: Called;
}

const nameless: Called = { from: '', to: 'the target' };

/** Paths are those below the source, without a slash in front; the source's own is empty. */
export interface Ways {
  has(path: string): boolean;
  /** The directory that is there at this path of the target, which stays as it is; to be closed. */
  findTarget(path: string): Fd | undefined;
}

/** As a path below one of a few directories: a descriptor for each would be as many as there are files. */
type FirstName = readonly [base: Fd, directory: string, name: Name];

interface Copy {
  readonly fs: HostFs;
  readonly attributes: CopyAttributes;
  readonly ways: Ways | undefined;
  readonly called: Called;
  /** Of the directory that the copy goes to. */
  readonly into: string | undefined;
  readonly links: FirstNames<FirstName>;
  /** Directories that such paths begin at, and that were opened here. */
  readonly bases: Fd[];
}

/** A place in the target, and its way there. */
interface Target extends Place {
  readonly base: Fd;
  /** Of the directory, below the base. */
  readonly path: string;
  /** Of the object that is to come here, below the source. */
  readonly source: string;
}

/**
 * Copies what is at `from` to `to`. A directory goes into a directory that is there; anything else that is in the
 * way is replaced. UserError `into-itself`, `unreadable`, `unwritable`, and before anything is changed `is-a-directory`,
 * `not-a-directory` where a directory meets something else, `mounted-over`.
 */
export function copyTree(fs: HostFs, from: Place, to: Place, options: CopyOptions = {}): Promise<void> {
  return withCopy(fs, options, to.directory, (copy) => {
    checkRoom(copy, from, to);
    return copyAny(copy, from, { ...to, base: to.directory, path: '.', source: '' });
  });
}

/** Copies what is in the directory `from` into the directory `to`. UserError as `copyTree`. */
export function copyContent(fs: HostFs, from: Fd, to: Fd, options: CopyOptions = {}): Promise<void> {
  return withCopy(fs, options, to, async (copy) => {
    checkRoomFor(copy, from, to);
    await copyEntries(copy, from, { directory: to, base: to, path: '.', source: '' });
    if (options.top !== true || copy.ways?.has('') === true) return;
    copyMetadata(fs, from, factsOf(fs, from), { directory: to, name: self }, copy.attributes);
  });
}

async function withCopy(
  fs: HostFs,
  { owner, keeps, ways, called = nameless }: CopyOptions,
  to: Fd,
  act: (copy: Copy) => Promise<void>,
): Promise<void> {
  const bases: Fd[] = [];
  const into = findIdentity(fs, { directory: to, name: self });
  try {
    await act({ fs, ways, called, into, attributes: { owner, keeps }, links: new FirstNames(fs), bases });
  } catch (thrown) {
    throw asUnwritable(thrown, called);
  } finally {
    for (const fd of bases) fs.close(fd);
  }
}

async function copyAny(copy: Copy, from: Place, to: Target): Promise<void> {
  try {
    await copyObjectAt(copy, from, to);
  } catch (thrown) {
    throw asUnreadableSource(thrown, copy, from, asName(to.source));
  }
}

async function copyObjectAt(copy: Copy, from: Place, to: Target): Promise<void> {
  const { fs, attributes, links, ways } = copy;
  const object =
    from.name === self
      ? fs.reopen(from.directory, O_PATH)
      : fs.openat(from.directory, from.name, O_PATH | O_NOFOLLOW, 0);
  try {
    const facts = factsOf(fs, object);
    if (((facts[st.mode] ?? 0) & S_IFMT) === S_IFDIR) {
      checkApart(copy, object, from.name);
      if (ways?.has(to.source) === true) {
        await copyWay(copy, object, to, ways);
        return;
      }
      await copyDirectory(copy, object, to);
      copyMetadata(fs, object, facts, to, attributes);
      return;
    }
    if (linkToFirst(copy, links.find(object, facts), to)) return;
    await copyObject(fs, object, facts, to, attributes);
    links.keep(object, facts, [to.base, to.path, to.name]);
  } finally {
    fs.close(object);
  }
}

/** By way of a mount a directory can be copied to a place in it, which no path tells. */
function checkApart({ fs, into }: Copy, object: Fd, name: Name): void {
  if (findIdentity(fs, { directory: object, name: self }) !== into) return;
  throw new UserError(
    'into-itself',
    `"${nameToText(name)}" cannot be copied into itself: it is where the copy goes`,
    { hint: 'choose a destination outside of what is copied' },
  );
}

/** What leads to something else is had as it is, or made as any directory is. */
async function copyWay(copy: Copy, object: Fd, to: Target, ways: Ways): Promise<void> {
  const there = ways.findTarget(to.source);
  if (there === undefined) {
    await copyDirectory(copy, object, to);
    copy.fs.fchmodat(to.directory, to.name, 0o755);
    return;
  }
  // Perhaps by way of a link, through which its path would not lead.
  copy.bases.push(there);
  await copyInside(copy, object, { directory: there, base: there, path: '.', source: to.source });
}

async function copyDirectory(copy: Copy, object: Fd, to: Target): Promise<void> {
  const { fs } = copy;
  makeDirectory(fs, to);
  const directory = fs.openat(to.directory, to.name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
  try {
    await copyInside(copy, object, { ...to, directory, path: `${to.path}/${to.name}` });
  } finally {
    fs.close(directory);
  }
}

async function copyInside(copy: Copy, object: Fd, to: Omit<Target, 'name'>): Promise<void> {
  const source = copy.fs.openat(object, asName('.'), O_RDONLY | O_DIRECTORY, 0);
  try {
    if (!hasFiles(source)) return;
    await copyEntries(copy, source, to);
  } finally {
    copy.fs.close(source);
  }
}

/** `to.source` is the path of `from`. */
async function copyEntries(copy: Copy, from: Fd, to: Omit<Target, 'name'>): Promise<void> {
  for (const name of copy.fs.listDirectory(from).names) {
    const source = to.source === '' ? name : `${to.source}/${name}`;
    await copyAny(copy, { directory: from, name }, { ...to, name, source });
  }
}

/** False for a first name, and where that is not to be found again: then the data is copied once more. */
function linkToFirst({ fs }: Copy, first: FirstName | undefined, to: Place): boolean {
  if (first === undefined) return false;
  const [base, path, name] = first;
  try {
    const directory = fs.openat2(base, asName(path), O_PATH | O_DIRECTORY, 0, staysInside);
    try {
      makeRoom(fs, to);
      fs.linkat(directory, name, to.directory, to.name);
      return true;
    } finally {
      fs.close(directory);
    }
  } catch (thrown) {
    if (thrown instanceof FsError) return false;
    throw thrown;
  }
}
