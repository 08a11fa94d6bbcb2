/**
 * Writes the tar of a tree that is no layer and belongs to somebody else, a container that runs, say: in the form of
 * docs/layer-tar.md, with every name as it is. Each step is taken from the descriptor of a directory and follows no
 * symbolic link. What goes away meanwhile is left out; what is mounted in the tree counts, where the caller wants it.
 */
import type { Fd } from '../base/ids.ts';
import { asName, nameToText, type Name } from '../base/name.ts';
import { asUnreadable } from '../base/unreadable.ts';
import { UserError } from '../base/user-error.ts';
import {
  O_DIRECTORY,
  O_NOFOLLOW,
  O_RDONLY,
  PATH_MAX,
  RESOLVE_BENEATH,
  RESOLVE_NO_SYMLINKS,
} from '../os/constants.ts';
import { st, type HostFs } from '../os/host-fs.ts';
import { factsOf, ObjectWriter } from './object-writer.ts';
import type { TarEntry } from './tar-entry.ts';
import { blockSize } from './tar-header.ts';
import { TarOutput, type ChunkSink } from './tar-output.ts';

export interface TreeTarOptions {
  /** The path of the entry, bytes; empty for `./` and what is in it, which is for directories alone. */
  readonly as: Name;
  /** Which extended attributes are in the tar. */
  readonly keeps: (attribute: Name) => boolean;
  /** Whether to write what is in a directory on which another file system is mounted. */
  readonly enters: (directory: Fd) => boolean;
}

const staysInside = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS;

/**
 * Writes the object at `name` of `directory` (empty: itself, by a descriptor that may be O_PATH) to `sink`, which is
 * awaited and may keep the chunks. Sockets are left out. UserError `path-too-long`, `layer-changed`, `unreadable`; FsError for
 * what cannot be read otherwise; whatever `sink` throws.
 */
export async function writeTreeTar(
  fs: HostFs,
  { directory, name }: { readonly directory: Fd; readonly name: Name },
  options: TreeTarOptions,
  sink: ChunkSink,
): Promise<void> {
  const output = new TarOutput(sink);
  const writer = new TreeWriter(fs, output, options);
  await writer.object(directory, name, options.as);
  await output.zeros(2 * blockSize);
  await output.finish();
}

class TreeWriter {
  readonly #fs: HostFs;
  readonly #options: TreeTarOptions;
  readonly #objects: ObjectWriter;

  constructor(fs: HostFs, output: TarOutput, options: TreeTarOptions) {
    this.#fs = fs;
    this.#options = options;
    this.#objects = new ObjectWriter(fs, output, {
      resolve: staysInside,
      hint: 'what is written must not change meanwhile: pause what changes it',
    });
  }

  /** `device`: that of the directory in which it lies; undefined for the first one. */
  async object(dir: Fd, name: Name, path: Name, device?: number): Promise<void> {
    try {
      await this.#any(dir, name, path, device);
    } catch (thrown) {
      throw asUnreadable(thrown, `${nameToText(path === '' ? asName('.') : path)} of the tree`);
    }
  }

  async #any(dir: Fd, name: Name, path: Name, device: number | undefined): Promise<void> {
    const type = this.#objects.typeOf(dir, name);
    if (type === undefined) return;
    if (path.length >= PATH_MAX)
      throw new UserError('path-too-long', `${nameToText(path.slice(0, 100))}... lies too deep for a tar`, {
        hint: `no program can unpack a path of ${String(PATH_MAX)} bytes: take a part of it`,
      });
    const stat = Float64Array.from(this.#fs.stat);
    if (type === 'directory') await this.#directory(dir, name, path, stat, device);
    else await this.#objects.object({ dir, name, path, type }, stat, () => this.#xattrs(dir, name));
  }

  async #directory(
    parent: Fd,
    name: Name,
    path: Name,
    stat: Float64Array,
    parentDevice: number | undefined,
  ): Promise<void> {
    const shown = asName(`${path === '' ? '.' : path}/`);
    const xattrs = this.#xattrs(parent, name);
    await this.#objects.put({ ...factsOf(stat), path: shown, type: 'directory', xattrs });
    const flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW;
    const dir = this.#fs.openat2(parent, name === '' ? asName('.') : name, flags, 0, staysInside);
    try {
      const device = stat[st.dev] ?? 0;
      const isMount = parentDevice !== undefined && device !== parentDevice;
      if (isMount && !this.#options.enters(dir)) return;
      const prefix = path === '' ? '' : shown;
      // Latin1, so the order of characters is that of bytes.
      for (const inner of this.#fs.listDirectory(dir).names.toSorted())
        // It may have gone since it was listed.
        if (this.#fs.findStatx(dir, inner)) await this.object(dir, inner, asName(prefix + inner), device);
    } finally {
      this.#fs.close(dir);
    }
  }

  #xattrs(dir: Fd, name: Name): TarEntry['xattrs'] {
    return this.#fs.listXattrs(dir, name).flatMap((attribute): [Name, Buffer][] => {
      const value = this.#options.keeps(attribute) ? this.#fs.findXattr(dir, name, attribute) : undefined;
      return value === undefined ? [] : [[attribute, value]];
    });
  }
}
