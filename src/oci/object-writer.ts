/**
 * Objects of a tree on their way into a tar, one after another, in the one form that docs/layer-tar.md describes. Which
 * objects those are, under which paths and with which attributes, is for whoever walks the tree to say; here are what
 * the tar has by now, hard links to it, and the content of files.
 */
import type { Fd } from '../base/ids.ts';
import { asName, nameToText, type Name } from '../base/name.ts';
import { UserError } from '../base/user-error.ts';
import {
  O_NOFOLLOW,
  O_NONBLOCK,
  O_RDONLY,
  S_IFBLK,
  S_IFCHR,
  S_IFDIR,
  S_IFIFO,
  S_IFLNK,
  S_IFMT,
  S_IFREG,
} from '../os/constants.ts';
import { blockBytes, st, type HostFs } from '../os/host-fs.ts';
import { readContent } from './file-content.ts';
import { encodeHeaders } from './tar-encoder.ts';
import type { EntryType, TarEntry } from './tar-entry.ts';
import { paddingAfter } from './tar-header.ts';
import type { TarOutput } from './tar-output.ts';

type PlainEntry = Pick<TarEntry, 'path' | 'type' | 'mode' | 'uid' | 'gid'> & { mtime: number } & Partial<
    Omit<TarEntry, 'mtime'>
  >;

interface ObjectWriterOptions {
  /** Seconds: what was modified later counts as modified then. */
  readonly latest?: number | undefined;
  /** RESOLVE_* with which a file is opened for its content. */
  readonly resolve: number;
  /** What to do about a file that became shorter while it was read. */
  readonly hint: string;
}

const none = asName('');
/** struct fuse_attr (`HostFs.statx`), which begins with the inode number: exact, as that of `st` is not. */
const attrSize = 88;
const types: Readonly<Record<number, EntryType>> = {
  [S_IFREG]: 'file',
  [S_IFDIR]: 'directory',
  [S_IFLNK]: 'symlink',
  [S_IFCHR]: 'char',
  [S_IFBLK]: 'block',
  [S_IFIFO]: 'fifo',
};

export class ObjectWriter {
  /** Bytes of the content of regular files; a file with several names counts once. */
  size = 0;
  entries = 0;
  readonly #fs: HostFs;
  readonly #output: TarOutput;
  readonly #latest: number;
  readonly #resolve: number;
  readonly #hint: string;
  /** By device and inode number, for what has several names. */
  readonly #firstPaths = new Map<string, Name>();
  readonly #attr = Buffer.alloc(attrSize);

  constructor(fs: HostFs, output: TarOutput, { latest, resolve, hint }: ObjectWriterOptions) {
    this.#fs = fs;
    this.#output = output;
    this.#latest = latest ?? Number.POSITIVE_INFINITY;
    this.#resolve = resolve;
    this.#hint = hint;
  }

  /** Looks at an object: its type, undefined for a socket, and all else in `fs.stat`. */
  typeOf(dir: Fd, name: Name): EntryType | undefined {
    this.#fs.statx(dir, name, this.#attr, 0);
    return types[(this.#fs.stat[st.mode] ?? 0) & S_IFMT];
  }

  /**
   * Writes anything but a directory, of which `stat` was found by the last `typeOf`. UserError `layer-changed`;
   * whatever `xattrs` throws.
   */
  async object(
    {
      dir,
      name,
      path,
      type,
    }: { readonly dir: Fd; readonly name: Name; readonly path: Name; readonly type: EntryType },
    stat: Float64Array,
    xattrs: () => TarEntry['xattrs'],
  ): Promise<void> {
    const earlier = this.#findEarlier(stat, path);
    if (earlier !== undefined) {
      await this.put({ ...factsOf(stat), path, type: 'link', linkName: earlier });
      return;
    }
    const size = type === 'file' ? (stat[st.size] ?? 0) : 0;
    const linkName = type === 'symlink' ? this.#fs.readlinkat(dir, name) : none;
    const rdev = type === 'char' || type === 'block' ? (stat[st.rdev] ?? 0) : 0;
    await this.put({ ...factsOf(stat), path, type, size, linkName, rdev, xattrs: xattrs() });
    if (size > 0) await this.#content(dir, name, path, stat);
  }

  /** Writes the headers of an entry. */
  async put(entry: PlainEntry): Promise<void> {
    const mtime = { sec: Math.min(entry.mtime, this.#latest), nsec: 0 };
    await this.#output.write(
      encodeHeaders({ size: 0, linkName: none, rdev: 0, xattrs: [], ...entry, mtime }),
    );
    this.entries += 1;
  }

  async #content(dir: Fd, name: Name, path: Name, stat: Float64Array): Promise<void> {
    const size = stat[st.size] ?? 0;
    // O_NONBLOCK: what has become a FIFO since must not hold us up.
    const fd = this.#fs.openat2(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0, this.#resolve);
    try {
      const mayHaveHoles = (stat[st.blocks] ?? 0) * blockBytes < size;
      if ((await readContent(this.#fs, fd, { size, mayHaveHoles }, this.#output)) < size) {
        throw new UserError('layer-changed', `${nameToText(path)} became shorter while it was read`, {
          hint: this.#hint,
        });
      }
    } finally {
      this.#fs.close(fd);
    }
    await this.#output.zeros(paddingAfter(size));
    this.size += size;
  }

  /** The path under which this object is in the tar already. */
  #findEarlier(stat: Float64Array, path: Name): Name | undefined {
    if ((stat[st.nlink] ?? 0) < 2) return undefined;
    const key = `${String(stat[st.dev])}:${String(this.#attr.readBigUInt64LE(0))}`;
    const earlier = this.#firstPaths.get(key);
    if (earlier === undefined) this.#firstPaths.set(key, path);
    return earlier;
  }
}

/** What every entry says of its object. */
export function factsOf(stat: Float64Array): { mode: number; uid: number; gid: number; mtime: number } {
  return {
    mode: (stat[st.mode] ?? 0) & 0o7777,
    uid: stat[st.uid] ?? 0,
    gid: stat[st.gid] ?? 0,
    mtime: stat[st.mtimeSec] ?? 0,
  };
}
