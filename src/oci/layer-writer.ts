/**
 * Writes the tar of a layer that lies on the disk in overlay form: the deterministic form that docs/layer-tar.md
 * describes. Equal trees give equal bytes, whatever their disks, inode numbers and order of creation. Nothing is
 * written to the layer, no link is followed, and what is mounted in it is an error. It must not change
 * meanwhile.
 */
import { isFsError } from '../base/fs-error.ts';
import type { Fd } from '../base/ids.ts';
import { asName, nameFromText, nameToText, type Name } from '../base/name.ts';
import { asUnreadable } from '../base/unreadable.ts';
import { UserError } from '../base/user-error.ts';
import { aufsOpaqueName, aufsWhiteoutName, isAufsMetadata } from '../layer/aufs.ts';
import { readOpaque } from '../layer/opaque.ts';
import { isWhiteoutStat, isXattrWhiteout } from '../layer/whiteout.ts';
import { overlayNames, type OverlayNames } from '../layer/xattr-names.ts';
import {
  AT_FDCWD,
  O_DIRECTORY,
  O_NOFOLLOW,
  O_RDONLY,
  PATH_MAX,
  RESOLVE_BENEATH,
  RESOLVE_NO_SYMLINKS,
  RESOLVE_NO_XDEV,
} from '../os/constants.ts';
import { mark, type HostFs } from '../os/host-fs.ts';
import { RealFs } from '../os/real-fs.ts';
import type { Digest } from './digest.ts';
import { plainXattrName, tarXattrName } from './layer-xattrs.ts';
import { factsOf, ObjectWriter } from './object-writer.ts';
import type { EntryType } from './tar-entry.ts';
import { blockSize } from './tar-header.ts';
import { TarOutput, type ChunkSink } from './tar-output.ts';

export interface LayerTarOptions {
  /** Seconds: what was modified later counts as modified then (SOURCE_DATE_EPOCH). */
  readonly timestamp?: number;
  /** Under which prefix the layer's marks are; `trusted` unless told. */
  readonly xattrs?: 'trusted' | 'user';
  /** A tree that is to become a layer: it has no marks, and what looks like one is somebody's own, or an error. */
  readonly plain?: boolean;
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
  next: number;
}

const self = asName('');
const staysInside = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV;
/**
 * Writes the tar of `directory` to `sink`, which is awaited and may keep the chunks. Sockets are whiteouts there, and of a plain
 * tree left out. Rejects
 * with UserError `unsettled-layer` (data or names of it lie in other layers), `reserved-name` (a name that would be a
 * whiteout, or a device 0/0 of a plain tree), `mounted-inside`, `path-too-long`, `layer-changed`; FsError for what cannot be read; the reason of `signal`; whatever `sink` throws.
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
    return { diffId: digest, tarSize, ...writer.counts };
  } finally {
    fs.close(root);
  }
}

class LayerWriter {
  readonly #fs: HostFs;
  readonly #objects: ObjectWriter;
  readonly #names: OverlayNames;
  readonly #isPlain: boolean;
  readonly #signal: AbortSignal | undefined;

  constructor(fs: HostFs, output: TarOutput, options: LayerTarOptions) {
    this.#fs = fs;
    this.#objects = new ObjectWriter(fs, output, {
      latest: options.timestamp,
      resolve: staysInside,
      hint: 'a layer must not be mounted as an upper, or change, while its tar is written',
    });
    this.#names = overlayNames(options.xattrs === 'user');
    this.#isPlain = options.plain === true;
    this.#signal = options.signal;
  }

  get counts(): Pick<LayerTarResult, 'size' | 'entries'> {
    return { size: this.#objects.size, entries: this.#objects.entries };
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
        const inner = await this.#object(frame, name).catch((thrown: unknown) => {
          throw explained(thrown, frame.prefix + name);
        });
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
    const type = this.#objects.typeOf(dir, name);
    if (type === 'directory') return this.#directory(dir, name, `${path}/`);
    if (type === 'char' && isWhiteoutStat(this.#fs.stat)) {
      if (this.#isPlain)
        throw new UserError('reserved-name', `${nameToText(path)} is a device 0/0`, {
          hint: 'in a layer, that means a deleted file: remove it',
        });
      await this.#mark(prefix, aufsWhiteoutName(name));
    } else if (type !== undefined) await this.#file(frame, name, path, type);
    // A tar has no sockets. One hides what lies below it, which must not come back.
    else if (!this.#isPlain) await this.#mark(prefix, aufsWhiteoutName(name));
    return undefined;
  }

  /** Anything but a directory, right after its statx. */
  async #file(frame: Frame, name: Name, path: Name, type: EntryType): Promise<void> {
    const { dir } = frame;
    const stat = Float64Array.from(this.#fs.stat);
    if (!this.#isPlain && isXattrWhiteout(this.#fs, dir, name, this.#names)) {
      await this.#mark(frame.prefix, aufsWhiteoutName(name));
      return;
    }
    await this.#objects.object({ dir, name, path, type }, stat, () =>
      this.#xattrs(dir, name, path, mark.metacopy),
    );
  }

  /** Right after its statx; an empty `prefix` is the layer's own. */
  async #directory(parent: Fd, name: Name, prefix: string): Promise<Frame> {
    const facts = factsOf(this.#fs.stat);
    const path = asName(prefix === '' ? './' : prefix);
    const xattrs = this.#xattrs(parent, name, path, mark.redirect);
    const opacity = this.#isPlain ? 'none' : readOpaque(this.#fs, parent, name, this.#names);
    await this.#objects.put({ ...facts, path, type: 'directory', xattrs });
    if (opacity === 'opaque') await this.#mark(prefix, aufsOpaqueName);
    const flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW;
    const dir = this.#fs.openat2(parent, name === self ? asName('.') : name, flags, 0, staysInside);
    try {
      // Latin1, so the order of characters is that of bytes.
      const names = this.#fs.listDirectory(dir).names.toSorted();
      return { dir, prefix, names, next: 0 };
    } catch (error) {
      this.#fs.close(dir);
      throw error;
    }
  }

  /** A whiteout or an opaque mark: always the same, since what stands for it on the disk is shared. */
  async #mark(prefix: string, name: Name): Promise<void> {
    const path = asName(prefix + name);
    await this.#objects.put({ path, type: 'file', mode: 0o644, uid: 0, gid: 0, mtime: 0 });
  }

  /** `elsewhere`: the mark that says of this type that a part of it lies in another layer. */
  #xattrs(dir: Fd, name: Name, path: Name, elsewhere: number): [Name, Buffer][] {
    const marks = this.#fs.overlayMarks(dir, name, this.#names.prefix);
    if (marks === 0) return [];
    if (!this.#isPlain && (marks & elsewhere) !== 0) {
      throw new UserError('unsettled-layer', `a part of ${nameToText(path)} lies in the layers below`, {
        hint: 'make the layer plain with stratafs --settle first (docs/layers.md)',
      });
    }
    return this.#fs.listXattrs(dir, name).flatMap((stored): [Name, Buffer][] => {
      const inTar = this.#isPlain ? plainXattrName(stored) : tarXattrName(stored, this.#names);
      const value = inTar === undefined ? undefined : this.#fs.findXattr(dir, name, stored);
      return inTar === undefined || value === undefined ? [] : [[inTar, value]];
    });
  }
}

/** What the system refused, whose error names the end of the path alone. */
function explained(cause: unknown, path: string): unknown {
  if (isFsError(cause, 'EXDEV'))
    return new UserError('mounted-inside', `something is mounted at ${nameToText(path)}`, {
      hint: 'unmount it, or take a bind mount of the tree, which shows what lies below: mount --bind TREE OTHER',
      cause,
    });
  return asUnreadable(cause, `${nameToText(path)} of the tree`);
}
