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
import { asName, type Name } from '../base/name.ts';
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
  FirstNames,
  makeDirectory,
  makeRoom,
  type CopyAttributes,
  type Place,
} from './copy-object.ts';

const self = asName('');
const staysInside = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS;

export interface CopyOptions {
  /** Everything belongs to them; undefined: owners come along. */
  readonly owner?: Owner;
}

interface Copy {
  readonly fs: HostFs;
  readonly attributes: CopyAttributes;
  /** The directory that paths of the copy are relative to. */
  readonly top: Fd;
  /** As paths below `top`: a descriptor for each would be as many as there are files. */
  readonly links: FirstNames<readonly [directory: string, name: Name]>;
}

interface Target extends Place {
  /** Of the directory, below the top. */
  readonly path: string;
}

/**
 * Copies what is at `from` to `to`. A directory goes into a directory that is there; anything else that is in the
 * way is replaced. UserError `is-a-directory`, `not-a-directory` where a directory meets something else.
 */
export async function copyTree(fs: HostFs, from: Place, to: Place, options: CopyOptions = {}): Promise<void> {
  await copyAny(begin(fs, to.directory, options), from, { ...to, path: '.' });
}

/** Copies what is in the directory `from`, and its own attributes, into the directory `to`. */
export async function copyContent(fs: HostFs, from: Fd, to: Fd, options: CopyOptions = {}): Promise<void> {
  const copy = begin(fs, to, options);
  await copyEntries(copy, from, to, '.');
  copyMetadata(fs, from, factsOf(fs, from), { directory: to, name: self }, copy.attributes);
}

function begin(fs: HostFs, top: Fd, { owner }: CopyOptions): Copy {
  return { fs, top, attributes: { owner, isLossy: true }, links: new FirstNames() };
}

async function copyAny(copy: Copy, from: Place, to: Target): Promise<void> {
  const { fs, attributes, links } = copy;
  const object = fs.openat(from.directory, from.name, O_PATH | O_NOFOLLOW, 0);
  try {
    const facts = factsOf(fs, object);
    if (((facts[st.mode] ?? 0) & S_IFMT) === S_IFDIR) {
      await copyDirectory(copy, object, to);
      copyMetadata(fs, object, facts, to, attributes);
      return;
    }
    if (linkToFirst(copy, facts, to)) return;
    await copyObject(fs, object, facts, to, attributes);
    links.keep(facts, [to.path, to.name]);
  } finally {
    fs.close(object);
  }
}

async function copyDirectory(copy: Copy, object: Fd, to: Target): Promise<void> {
  const { fs } = copy;
  makeDirectory(fs, to);
  const source = fs.openat(object, asName('.'), O_RDONLY | O_DIRECTORY, 0);
  try {
    const target = fs.openat(to.directory, to.name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
    try {
      await copyEntries(copy, source, target, `${to.path}/${to.name}`);
    } finally {
      fs.close(target);
    }
  } finally {
    fs.close(source);
  }
}

async function copyEntries(copy: Copy, from: Fd, to: Fd, path: string): Promise<void> {
  for (const name of copy.fs.listDirectory(from).names)
    await copyAny(copy, { directory: from, name }, { directory: to, name, path });
}

/** False for a first name, and where that is not to be found again: then the data is copied once more. */
function linkToFirst({ fs, top, links }: Copy, facts: Float64Array, to: Place): boolean {
  const first = links.find(facts);
  if (first === undefined) return false;
  const [path, name] = first;
  try {
    const directory = fs.openat2(top, asName(path), O_PATH | O_DIRECTORY, 0, staysInside);
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
