/**
 * The drivers `strata` and `overlay2`: layers as directories of changes, shown by a union mount. They differ in who
 * mounts, and a root can be used by either at any time.
 */
import { existsSync, mkdirSync } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { nameFromText } from '../../base/name.ts';
import { applyLayerTar } from '../../oci/layer-reader.ts';
import { writeLayerTar, type LayerTarResult } from '../../oci/layer-writer.ts';
import { readMounts } from '../../os/mountinfo.ts';
import type { DataRoot } from '../data-root.ts';
import type { GetOptions, LayerChange, StorageDriver } from '../driver.ts';
import type { CacheId } from '../ids.ts';
import { checkNamespace, type MountBook } from '../mount-book.ts';
import { cleanMounts, endMount, getMount, inUse, putMount } from '../mount-count.ts';
import { onceEnded } from '../mount-end.ts';
import { kernelMounter, stratafsMounter, type Mounter } from './mounter.ts';
import { overlayChanges } from './overlay-changes.ts';
import { OverlayDirs } from './overlay-dirs.ts';
import { settleLayer, withoutMount } from './settle-layer.ts';

/** How long somebody else's mount of a layer is given to end before its removal: our own was waited for. */
const foreignMs = 1000;

export class OverlayDriver implements StorageDriver {
  readonly name: 'strata' | 'overlay2';
  readonly dirs: OverlayDirs;
  readonly #book: MountBook;
  readonly #mounter: Mounter;

  constructor(name: 'strata' | 'overlay2', root: DataRoot, book: MountBook) {
    this.name = name;
    this.dirs = new OverlayDirs(root);
    this.#book = book;
    this.#mounter = name === 'strata' ? stratafsMounter : kernelMounter(this.dirs.base);
  }

  async create(id: CacheId, parent: CacheId | undefined): Promise<void> {
    await this.dirs.make(id, parent);
  }

  async createReadWrite(id: CacheId, parent: CacheId | undefined): Promise<void> {
    await this.dirs.make(id, parent);
    mkdirSync(this.dirs.merged(id), { mode: 0o700 });
  }

  async get(id: CacheId, options: GetOptions = {}): Promise<string> {
    const target = this.dirs.merged(id);
    const isCommitted = await this.dirs.isCommitted(id);
    const lowers = await this.dirs.lowers(id);
    await getMount(this.#book, {
      name: id,
      target,
      isOwn: true,
      title: options.title ?? id,
      kept: options.kept ?? false,
      layers: [id],
      upper: isCommitted ? undefined : this.dirs.diff(id),
      mount: async () => {
        mkdirSync(target, { recursive: true, mode: 0o700 });
        this.dirs.restoreWork(id);
        const upper = { upper: this.dirs.diff(id), work: this.dirs.work(id) };
        if (!isCommitted && lowers.length === 0) lowers.push(await this.#emptyLower());
        return this.#mounter.mount(
          isCommitted
            ? { lowers: await this.lowers(id), target, empty: this.dirs.work(id) }
            : { lowers, target, ...upper },
        );
      },
    });
    return target;
  }

  async put(id: CacheId): Promise<void> {
    await putMount(this.#book, id);
  }

  async diff(
    id: CacheId,
    _parent: CacheId | undefined,
    sink: (chunk: Buffer) => Promise<void> | void,
  ): Promise<LayerTarResult> {
    await this.#settle(id);
    return writeLayerTar(this.dirs.diff(id), sink);
  }

  async changes(id: CacheId): Promise<LayerChange[]> {
    await this.#settle(id);
    return overlayChanges(this.dirs.diff(id), await this.dirs.lowers(id));
  }

  async applyDiff(
    id: CacheId,
    _parent: CacheId | undefined,
    source: AsyncIterable<Uint8Array>,
  ): Promise<LayerTarResult> {
    const result = await applyLayerTar(source, this.dirs.diff(id), { xattrs: 'trusted' });
    await this.dirs.commit(id);
    return result;
  }

  async diffSize(id: CacheId): Promise<number> {
    return (await this.changes(id)).reduce((sum, { size }) => sum + size, 0);
  }

  status(): Promise<Readonly<Record<string, string>>> {
    return Promise.resolve({
      'Mounted by': this.name === 'strata' ? 'stratafs (FUSE)' : "the kernel's overlayfs",
      Layers: this.dirs.base,
    });
  }

  async remove(id: CacheId): Promise<void> {
    await endMount(this.#book, { name: id, target: this.dirs.merged(id) }, { waitMs: foreignMs });
    await this.#withoutMount(id, () => this.dirs.remove(id));
  }

  cleanup(): Promise<void> {
    return cleanMounts(this.#book, this.dirs.base);
  }

  async lowers(id: CacheId): Promise<string[]> {
    return [this.dirs.links(await this.dirs.getLink(id)), ...(await this.dirs.lowers(id))];
  }

  list(): Promise<CacheId[]> {
    return this.dirs.list();
  }

  holds(id: CacheId): boolean {
    return existsSync(this.dirs.diff(id));
  }

  directoryOf(id: CacheId): string {
    return this.dirs.directory(id);
  }

  async metadata(id: CacheId): Promise<Readonly<Record<string, string>>> {
    const links = await this.dirs.lowers(id);
    const lowers = await Promise.all(links.map((link) => realpath(link).catch(() => link)));
    return {
      ...(lowers.length === 0 ? {} : { LowerDir: lowers.join(':') }),
      MergedDir: this.dirs.merged(id),
      UpperDir: this.dirs.diff(id),
      WorkDir: this.dirs.work(id),
    };
  }

  /** What a mount has left in a layer that it wrote is resolved; nothing happens to one that was filled by `applyDiff`. */
  async #settle(id: CacheId): Promise<void> {
    if (await this.dirs.isCommitted(id)) return;
    // Who is in a mount that is off the tree writes all the same.
    await onceEnded(this.#book, id, (found) => {
      if (found !== undefined) checkNamespace(found);
      if (this.#isMounted(id)) throw inUse(this.dirs.merged(id));
      return Promise.resolve();
    });
    const upper = { upper: this.dirs.diff(id), work: this.dirs.work(id) };
    this.dirs.restoreWork(id);
    await settleLayer({ ...upper, lowers: await this.dirs.lowers(id) });
  }

  /** Somebody may have mounted a stratafs of his own over what a container has written. */
  async #withoutMount(id: CacheId, act: () => Promise<void>): Promise<void> {
    const paths = [this.dirs.diff(id), this.dirs.work(id)].filter((path) => existsSync(path));
    await withoutMount(paths, foreignMs, act);
  }

  #isMounted(id: CacheId): boolean {
    const target = nameFromText(this.dirs.merged(id));
    return readMounts().some(({ mountPoint }) => mountPoint === target);
  }

  /** A layer without a parent, which is written all the same, has nothing below it. */
  async #emptyLower(): Promise<string> {
    const path = this.dirs.links('empty');
    mkdirSync(path, { recursive: true, mode: 0o755 });
    return Promise.resolve(path);
  }
}
