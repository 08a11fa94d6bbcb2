/**
 * Writes the tar of a layer that lies on the disk in overlay form: the deterministic form that docs/layer-tar.md
 * describes. Equal trees give equal bytes, whatever their disks, inode numbers and order of creation. Nothing is
 * written to the layer, no link is followed, and what is mounted in it is an error (EXDEV). It must not change
 * meanwhile.
 */
import type { Fd } from '../base/ids.ts';
import { asName, nameFromText, nameToText, type Name } from '../base/name.ts';
import { UserError } from '../base/user-error.ts';
import { aufsOpaqueName, aufsWhiteoutName, isAufsMetadata } from '../layer/aufs.ts';
import { readOpaque } from '../layer/opaque.ts';
import { isWhiteoutStat, isXattrWhiteout } from '../layer/whiteout.ts';
import { overlayNames, type OverlayNames } from '../layer/xattr-names.ts';
import {
  AT_FDCWD,
  O_DIRECTORY,
  O_NOFOLLOW,
  O_NONBLOCK,
  O_RDONLY,
  PATH_MAX,
  RESOLVE_BENEATH,
  RESOLVE_NO_SYMLINKS,
  RESOLVE_NO_XDEV,
  S_IFBLK,
  S_IFCHR,
  S_IFDIR,
  S_IFIFO,
  S_IFLNK,
  S_IFMT,
  S_IFREG,
} from '../os/constants.ts';
import { mark, st, type HostFs } from '../os/host-fs.ts';
import { RealFs } from '../os/real-fs.ts';
import type { Digest } from './digest.ts';
import { readContent } from './file-content.ts';
import { tarXattrName } from './layer-xattrs.ts';
import { encodeHeaders } from './tar-encoder.ts';
import type { EntryType, TarEntry } from './tar-entry.ts';
import { blockSize, paddingAfter } from './tar-header.ts';
import { TarOutput, type ChunkSink } from './tar-output.ts';

export interface LayerTarOptions {
  /** Seconds: what was modified later counts as modified then (SOURCE_DATE_EPOCH). */
  readonly timestamp?: number;
  /** Under which prefix the layer's marks are; `trusted` unless told. */
  readonly xattrs?: 'trusted' | 'user';
  readonly signal?: AbortSignal;
}

/** What a tar was, once it has been written or read. */
export interface LayerTarResult {
  readonly diffId: Digest;
  /** Bytes of the uncompressed tar. */
  readonly tarSize: number;
  /** Bytes of the content of regular files; a file with several names counts once. */
  readonly size: number;
  /** The layer's own directory, whiteouts and opaque marks among them. */
  readonly entries: number;
}

interface Frame {
  readonly dir: Fd;
  /** Of the directory, with a slash at its end; empty for the layer's own. */
  readonly prefix: string;
  readonly names: readonly Name[];
  readonly hasXattrWhiteouts: boolean;
  next: number;
}

const self = asName('');
const staysInside = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV;
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

/**
 * Writes the tar of `directory` to `sink`, which is awaited and may keep the chunks. Sockets are left out. Rejects
 * with UserError `unsettled-layer` (data or names of it lie in other layers), `reserved-name` (a name that would be a
 * whiteout), `path-too-long`, `layer-changed`; FsError for what cannot be read; the reason of `signal`; whatever `sink` throws.
 */
export async function writeLayerTar(
  directory: string,
  sink: ChunkSink,
  options: LayerTarOptions = {},
): Promise<LayerTarResult> {
  const fs = new RealFs({ keepsUmask: true });
  const root = fs.openat(AT_FDCWD as Fd, nameFromText(directory), O_RDONLY | O_DIRECTORY, 0);
  try {
    const output = new TarOutput(sink);
    const writer = new LayerWriter(fs, output, options);
    await writer.layer(root);
    await output.zeros(2 * blockSize);
    const { digest, size: tarSize } = await output.finish();
    return { diffId: digest, tarSize, size: writer.size, entries: writer.entries };
  } finally {
    fs.close(root);
  }
}

class LayerWriter {
  /** See `LayerTarResult`. */
  size = 0;
  entries = 0;
  readonly #fs: HostFs;
  readonly #output: TarOutput;
  readonly #names: OverlayNames;
  readonly #latest: number;
  readonly #signal: AbortSignal | undefined;
  /** By device and inode number, for what has several names. */
  readonly #firstPaths = new Map<string, Name>();
  readonly #attr = Buffer.alloc(attrSize);

  constructor(fs: HostFs, output: TarOutput, options: LayerTarOptions) {
    this.#fs = fs;
    this.#output = output;
    this.#names = overlayNames(options.xattrs === 'user');
    this.#latest = options.timestamp ?? Number.POSITIVE_INFINITY;
    this.#signal = options.signal;
  }

  async layer(root: Fd): Promise<void> {
    this.#fs.statx(root, self);
    const frames = [await this.#directory(root, self, '')];
    try {
      for (let frame = frames.at(-1); frame !== undefined; frame = frames.at(-1)) {
        this.#signal?.throwIfAborted();
        const name = frame.names[frame.next];
        if (name === undefined) {
          frames.pop();
          this.#fs.close(frame.dir);
          continue;
        }
        frame.next += 1;
        const inner = await this.#object(frame, name);
        if (inner !== undefined) frames.push(inner);
      }
    } finally {
      for (const frame of frames) this.#fs.close(frame.dir);
    }
  }

  /** Of a directory, the frame to go on with. */
  async #object(frame: Frame, name: Name): Promise<Frame | undefined> {
    const { dir, prefix } = frame;
    const path = asName(prefix + name);
    if (isAufsMetadata(name)) {
      throw new UserError('reserved-name', `${nameToText(path)} cannot be in the tar of a layer`, {
        hint: 'there, names that begin with .wh. mean deleted files: rename it',
      });
    }
    if (path.length >= PATH_MAX) {
      throw new UserError('path-too-long', `${nameToText(path.slice(0, 100))}... lies too deep for a tar`, {
        hint: `no program can unpack a path of ${String(PATH_MAX)} bytes: move it up, or remove it`,
      });
    }
    this.#fs.statx(dir, name, this.#attr, 0);
    const { stat } = this.#fs;
    const type = types[(stat[st.mode] ?? 0) & S_IFMT];
    if (type === 'directory') return this.#directory(dir, name, `${path}/`);
    if (isWhiteoutStat(stat)) await this.#mark(prefix, aufsWhiteoutName(name));
    else if (type !== undefined) await this.#file(frame, name, path, type);
    return undefined;
  }

  /** Anything but a directory, right after its statx. */
  async #file(frame: Frame, name: Name, path: Name, type: EntryType): Promise<void> {
    const { dir } = frame;
    const stat = Float64Array.from(this.#fs.stat);
    if (frame.hasXattrWhiteouts && isXattrWhiteout(this.#fs, dir, name, this.#names)) {
      await this.#mark(frame.prefix, aufsWhiteoutName(name));
      return;
    }
    const earlier = this.#findEarlier(stat, path);
    if (earlier !== undefined) {
      await this.#put({ ...this.#facts(stat), path, type: 'link', linkName: earlier });
      return;
    }
    const xattrs = this.#xattrs(dir, name, path, mark.metacopy);
    const size = type === 'file' ? (stat[st.size] ?? 0) : 0;
    const linkName = type === 'symlink' ? this.#fs.readlinkat(dir, name) : self;
    const rdev = type === 'char' || type === 'block' ? (stat[st.rdev] ?? 0) : 0;
    await this.#put({ ...this.#facts(stat), path, type, size, linkName, rdev, xattrs });
    if (size > 0) await this.#content(dir, name, path, stat);
  }

  /** Right after its statx; an empty `prefix` is the layer's own. */
  async #directory(parent: Fd, name: Name, prefix: string): Promise<Frame> {
    const facts = this.#facts(this.#fs.stat);
    const path = asName(prefix === '' ? './' : prefix);
    const xattrs = this.#xattrs(parent, name, path, mark.redirect);
    const opacity = readOpaque(this.#fs, parent, name, this.#names);
    await this.#put({ ...facts, path, type: 'directory', xattrs });
    if (opacity === 'opaque') await this.#mark(prefix, aufsOpaqueName);
    const flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW;
    const dir = this.#fs.openat2(parent, name === self ? asName('.') : name, flags, 0, staysInside);
    try {
      // Latin1, so the order of characters is that of bytes.
      const names = this.#fs.listDirectory(dir).names.toSorted();
      return { dir, prefix, names, hasXattrWhiteouts: opacity === 'xattrs', next: 0 };
    } catch (error) {
      this.#fs.close(dir);
      throw error;
    }
  }

  async #content(dir: Fd, name: Name, path: Name, stat: Float64Array): Promise<void> {
    const size = stat[st.size] ?? 0;
    // O_NONBLOCK: what has become a FIFO since must not hold us up.
    const fd = this.#fs.openat2(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0, staysInside);
    try {
      const mayHaveHoles = (stat[st.blocks] ?? 0) * 512 < size;
      if ((await readContent(this.#fs, fd, { size, mayHaveHoles }, this.#output)) < size) {
        throw new UserError('layer-changed', `${nameToText(path)} became shorter while it was read`, {
          hint: 'a layer must not be mounted as an upper, or change, while its tar is written',
        });
      }
    } finally {
      this.#fs.close(fd);
    }
    await this.#output.zeros(paddingAfter(size));
    this.size += size;
  }

  /** A whiteout or an opaque mark: always the same, since what stands for it on the disk is shared. */
  async #mark(prefix: string, name: Name): Promise<void> {
    await this.#put({ path: asName(prefix + name), type: 'file', mode: 0o644, uid: 0, gid: 0, mtime: 0 });
  }

  async #put(
    entry: Pick<TarEntry, 'path' | 'type' | 'mode' | 'uid' | 'gid'> & { mtime: number } & Partial<
        Omit<TarEntry, 'mtime'>
      >,
  ): Promise<void> {
    const mtime = { sec: Math.min(entry.mtime, this.#latest), nsec: 0 };
    await this.#output.write(
      encodeHeaders({ size: 0, linkName: self, rdev: 0, xattrs: [], ...entry, mtime }),
    );
    this.entries += 1;
  }

  #facts(stat: Float64Array): { mode: number; uid: number; gid: number; mtime: number } {
    return {
      mode: (stat[st.mode] ?? 0) & 0o7777,
      uid: stat[st.uid] ?? 0,
      gid: stat[st.gid] ?? 0,
      mtime: stat[st.mtimeSec] ?? 0,
    };
  }

  /** The path under which this object is in the tar already. */
  #findEarlier(stat: Float64Array, path: Name): Name | undefined {
    if ((stat[st.nlink] ?? 0) < 2) return undefined;
    const key = `${String(stat[st.dev])}:${String(this.#attr.readBigUInt64LE(0))}`;
    const earlier = this.#firstPaths.get(key);
    if (earlier === undefined) this.#firstPaths.set(key, path);
    return earlier;
  }

  /** `elsewhere`: the mark that says of this type that a part of it lies in another layer. */
  #xattrs(dir: Fd, name: Name, path: Name, elsewhere: number): [Name, Buffer][] {
    const marks = this.#fs.overlayMarks(dir, name, this.#names.prefix);
    if (marks === 0) return [];
    if ((marks & elsewhere) !== 0) {
      throw new UserError('unsettled-layer', `a part of ${nameToText(path)} lies in the layers below`, {
        hint: 'make the layer plain with stratafs --settle first (docs/layers.md)',
      });
    }
    return this.#fs.listXattrs(dir, name).flatMap((stored): [Name, Buffer][] => {
      const inTar = tarXattrName(stored, this.#names);
      const value = inTar === undefined ? undefined : this.#fs.findXattr(dir, name, stored);
      return inTar === undefined || value === undefined ? [] : [[inTar, value]];
    });
  }
}
