/**
 * Drivers that keep each layer as a whole tree: `vfs` by plain copies, which works everywhere, and `btrfs` by
 * snapshots. A layer needs no mount to be shown. What changed is found by comparing two trees.
 */
import { chmodSync, existsSync, mkdirSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { applyLayerTar } from '../../oci/layer-reader.ts';
import { writeLayerTar, type LayerTarResult } from '../../oci/layer-writer.ts';
import type { DataRoot } from '../data-root.ts';
import type { DriverName, LayerChange, StorageDriver } from '../driver.ts';
import { namesIn } from '../durable.ts';
import { isCacheId, type CacheId } from '../ids.ts';
import type { MountBook } from '../mount-book.ts';
import { cleanMounts } from '../mount-count.ts';
import { removeDirectory } from '../remove-directory.ts';
import { tryRemoval } from '../try-removal.ts';
import { applyDiffTree, buildDiffTree, copyRootFacts } from './diff-tree.ts';
import { treeChanges, type Touched } from './tree-changes.ts';

/** How trees come and go. */
export interface TreeKeeper {
  readonly name: DriverName & ('vfs' | 'btrfs');
  /** Makes an empty tree, or one that is as `from`. */
  make(path: string, from: string | undefined): Promise<void>;
  remove(path: string): Promise<void>;
  /** What may differ between two trees of which one was made as the other, if that can be told; `scratch` is an empty directory. */
  findTouched?(before: string, after: string, scratch: string): Promise<Touched | undefined>;
  /** Takes away what `findTouched` has left in `scratch`, of a process that was killed. */
  clearScratch?(scratch: string): Promise<void>;
  status(base: string): Promise<Readonly<Record<string, string>>>;
}

const scratchName = 'diff';

export class TreeDriver implements StorageDriver {
  readonly name: 'vfs' | 'btrfs';
  readonly #keeper: TreeKeeper;
  readonly #base: string;
  readonly #book: MountBook;
  #scratches = 0;

  constructor(keeper: TreeKeeper, root: DataRoot, book: MountBook) {
    this.name = keeper.name;
    this.#book = book;
    this.#keeper = keeper;
    this.#base = root.at(keeper.name, keeper.name === 'vfs' ? 'dir' : 'subvolumes');
  }

  async create(id: CacheId, parent: CacheId | undefined): Promise<void> {
    mkdirSync(this.#base, { recursive: true, mode: 0o711 });
    await this.#keeper.make(
      this.directoryOf(id),
      parent === undefined ? undefined : this.directoryOf(parent),
    );
    if (parent !== undefined) return;
    chmodSync(this.directoryOf(id), 0o755);
    utimesSync(this.directoryOf(id), 0, 0);
  }

  async createReadWrite(id: CacheId, parent: CacheId | undefined): Promise<void> {
    await this.create(id, parent);
  }

  /** Writable, for a filled layer too: nothing stands between. */
  get(id: CacheId): Promise<string> {
    return Promise.resolve(this.directoryOf(id));
  }

  put(): Promise<void> {
    return Promise.resolve();
  }

  async diff(
    id: CacheId,
    parent: CacheId | undefined,
    sink: (chunk: Buffer) => Promise<void> | void,
  ): Promise<LayerTarResult> {
    const changes = await this.changes(id, parent);
    return this.#withScratch(id, async (scratch) => {
      await buildDiffTree(this.directoryOf(id), scratch, changes);
      return writeLayerTar(scratch, sink);
    });
  }

  async changes(id: CacheId, parent: CacheId | undefined): Promise<LayerChange[]> {
    const after = this.directoryOf(id);
    if (parent === undefined) return treeChanges(undefined, after);
    const before = this.directoryOf(parent);
    const touched = await this.#withScratch(id, async (scratch) =>
      this.#keeper.findTouched?.(before, after, scratch),
    );
    return treeChanges(before, after, touched);
  }

  applyDiff(
    id: CacheId,
    _parent: CacheId | undefined,
    source: AsyncIterable<Uint8Array>,
  ): Promise<LayerTarResult> {
    return this.#withScratch(id, async (scratch) => {
      await copyRootFacts(this.directoryOf(id), scratch);
      const result = await applyLayerTar(source, scratch);
      await applyDiffTree(scratch, this.directoryOf(id));
      return result;
    });
  }

  async diffSize(id: CacheId, parent: CacheId | undefined): Promise<number> {
    return (await this.changes(id, parent)).reduce((sum, { size }) => sum + size, 0);
  }

  status(): Promise<Readonly<Record<string, string>>> {
    return this.#keeper.status(this.#base);
  }

  async remove(id: CacheId): Promise<void> {
    if (existsSync(this.directoryOf(id))) await this.#keeper.remove(this.directoryOf(id));
  }

  /** What a `diff` or `applyDiff` that was killed has left, and mounts that are not there any more. */
  async cleanup(): Promise<void> {
    await cleanMounts(this.#book);
    for (const name of await namesIn(this.#base)) {
      const pid = /^scratch-[0-9a-f]{64}-(\d+)-\d+$/.exec(name)?.[1];
      if (pid === undefined || existsSync(`/proc/${pid}`)) continue;
      await tryRemoval(() => this.#clear(join(this.#base, name)));
    }
  }

  lowers(id: CacheId): Promise<string[]> {
    return Promise.resolve([this.directoryOf(id)]);
  }

  async list(): Promise<CacheId[]> {
    return (await namesIn(this.#base)).filter(isCacheId);
  }

  holds(id: CacheId): boolean {
    return existsSync(this.directoryOf(id));
  }

  directoryOf(id: CacheId): string {
    return join(this.#base, id);
  }

  metadata(): Promise<Readonly<Record<string, string>>> {
    return Promise.resolve({});
  }

  async #clear(place: string): Promise<void> {
    await this.#keeper.clearScratch?.(join(place, scratchName));
    await removeDirectory(place);
  }

  /** Runs `act` with an empty directory beside the layers. */
  async #withScratch<T>(id: CacheId, act: (scratch: string) => Promise<T>): Promise<T> {
    const number = this.#scratches++;
    const place = join(this.#base, `scratch-${id}-${String(process.pid)}-${String(number)}`);
    const scratch = join(place, scratchName);
    mkdirSync(scratch, { recursive: true, mode: 0o700 });
    try {
      return await act(scratch);
    } finally {
      await removeDirectory(place);
    }
  }
}
