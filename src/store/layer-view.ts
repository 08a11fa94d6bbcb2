/**
 * Single files of an image, read where they lie: nothing is mounted, and no link in an image is followed unless
 * that is asked for.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Fd } from '../base/ids.ts';
import { asName, nameToText, type Name } from '../base/name.ts';
import { asUnreadable } from '../base/unreadable.ts';
import { UserError } from '../base/user-error.ts';
import { LowerView, type LowerObject } from '../layer/lower-view.ts';
import { overlayNames } from '../layer/xattr-names.ts';
import { O_RDONLY, S_IFLNK, S_IFMT, S_IFREG } from '../os/constants.ts';
import { st, type HostFs } from '../os/host-fs.ts';
import { followedPath } from './followed-path.ts';
import type { CacheId } from './ids.ts';
import type { Image } from './image-db.ts';
import type { Store } from './store.ts';
import { createToolFs, withDirectories } from './tool-fs.ts';

const self = asName('');

/** What an image, or one of its layers with all below it, shows. */
export class LayerView {
  readonly #fs: HostFs;
  readonly #view: LowerView;

  constructor(fs: HostFs, lowers: readonly Fd[]) {
    this.#fs = fs;
    this.#view = new LowerView(fs, { lowers, names: overlayNames(false) });
  }

  /** As `followedPath`. */
  follow(path: string, how: { readonly last: boolean }): string {
    return followedPath(path, (link) => this.#linkAt(link), how);
  }

  /** Position from the top of the layer that shows something at `path` (latin1); undefined where nothing is there. */
  findLayer(path: string): number | undefined {
    return this.#with(path, (object) => {
      if (object.kind === 'none') return undefined;
      return object.kind === 'file' ? object.layer : object.dirs[0]?.layer;
    });
  }

  /** The content of a regular file, which can be read whatever becomes of the image. UserError `no-such-file`, `not-a-file`. */
  openFile(path: string): Readable {
    const fd = this.#with(path, (object) => this.#openFile(object, path));
    return createReadStream('', { fd, autoClose: true });
  }

  /** Of the content of a file, of where a link leads, of a device's number: the same for two that look the same. */
  async digest(path: string): Promise<string> {
    const hash = createHash('sha256');
    const fd = this.#with(path, (object) => {
      if (object.kind !== 'file') return undefined;
      this.#fs.statx(object.object, self);
      const type = (this.#fs.stat[st.mode] ?? 0) & S_IFMT;
      if (type === S_IFREG) return this.#openFile(object, path);
      hash.update(
        type === S_IFLNK ? this.#fs.readlinkat(object.object, self) : String(this.#fs.stat[st.rdev]),
      );
      return undefined;
    });
    if (fd !== undefined) await pipeline(createReadStream('', { fd, autoClose: true }), hash, { end: false });
    return hash.digest('hex');
  }

  #openFile(object: LowerObject, path: string): Fd {
    if (object.kind === 'none') {
      throw new UserError('no-such-file', `there is no /${nameToText(path)} in it`, {
        hint: 'strata tree --layers lists what there is',
      });
    }
    const isFile = object.kind === 'file' && this.#typeOf(object.object) === S_IFREG;
    if (!isFile || object.data === undefined) {
      const isLink = object.kind === 'file' && this.#typeOf(object.object) === S_IFLNK;
      throw new UserError('not-a-file', `/${nameToText(path)} is not a regular file`, {
        hint: isLink
          ? `it is a link to ${nameToText(this.#fs.readlinkat(object.object, self))}`
          : 'name a file',
      });
    }
    try {
      return this.#fs.reopen(object.data, O_RDONLY);
    } catch (thrown) {
      throw asUnreadable(thrown, `/${nameToText(path)}`);
    }
  }

  #linkAt(path: string): string | undefined {
    return this.#with(path, (object) =>
      object.kind === 'file' && this.#typeOf(object.object) === S_IFLNK
        ? this.#fs.readlinkat(object.object, self)
        : undefined,
    );
  }

  #typeOf(object: Fd): number {
    this.#fs.statx(object, self);
    return (this.#fs.stat[st.mode] ?? 0) & S_IFMT;
  }

  #with<T>(path: string, act: (object: LowerObject) => T): T {
    const names = path.split('/').filter((name) => name !== '' && name !== '.') as Name[];
    let object: LowerObject = { kind: 'directory', dirs: this.#view.roots };
    let isRoot = true;
    try {
      for (const name of names) {
        const dirs = object.kind === 'directory' ? object.dirs : [];
        const next: LowerObject = this.#view.find(dirs, name);
        if (!isRoot) this.#view.close(object);
        object = next;
        isRoot = false;
      }
      return act(object);
    } finally {
      if (!isRoot) this.#view.close(object);
    }
  }
}

/** Of a whole image. */
export async function withLayerView<T>(
  store: Store,
  image: Image,
  act: (view: LayerView) => Promise<T>,
): Promise<T> {
  const top = image.chain.at(-1);
  const cacheId = top === undefined ? undefined : (await store.layers.getLayer(top)).cacheId;
  return withCacheView(store, cacheId, act);
}

/** Of a layer and all below it. */
export async function withCacheView<T>(
  store: Store,
  cacheId: CacheId | undefined,
  act: (view: LayerView) => Promise<T>,
): Promise<T> {
  const fs = createToolFs();
  const lowers = cacheId === undefined ? [] : await store.driver.lowers(cacheId);
  return withDirectories(fs, lowers, (fds) => act(new LayerView(fs, fds)));
}
