/**
 * Drivers that keep each layer as a whole tree: `vfs` by plain copies, which works everywhere, and `btrfs` by
 * snapshots. A layer needs no mount to be shown. What changed is found by comparing two trees.
 */
import { chmodSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { applyLayerTar } from '../../oci/layer-reader.ts';
import { writeLayerTar, type LayerTarResult } from '../../oci/layer-writer.ts';
import type { DataRoot } from '../data-root.ts';
import type { DriverName, LayerChange, StorageDriver } from '../driver.ts';
import { namesIn } from '../durable.ts';
import { isCacheId, type CacheId } from '../ids.ts';
import { removeDirectory } from '../remove-directory.ts';
import { applyDiffTree, buildDiffTree, copyRootFacts } from './diff-tree.ts';
import { treeChanges } from './tree-changes.ts';

/** How trees come and go. */
export interface TreeKeeper {
  readonly name: DriverName & ('vfs' | 'btrfs');
  /** Makes an empty tree, or one that is as `from`. */
  make(path: string, from: string | undefined): Promise<void>;
  remove(path: string): Promise<void>;
  status(base: string): Promise<Readonly<Record<string, string>>>;
}

export class TreeDriver implements StorageDriver {
  readonly name: 'vfs' | 'btrfs';
  readonly #keeper: TreeKeeper;
  readonly #base: string;

  constructor(keeper: TreeKeeper, root: DataRoot) {
    this.name = keeper.name;
    this.#keeper = keeper;
    this.#base = root.at(keeper.name, keeper.name === 'vfs' ? 'dir' : 'subvolumes');
  }

  async create(id: CacheId, parent: CacheId | undefined): Promise<void> {
    mkdirSync(this.#base, { recursive: true, mode: 0o711 });
    await this.#keeper.make(
      this.directoryOf(id),
      parent === undefined ? undefined : this.directoryOf(parent),
    );
    if (parent === undefined) chmodSync(this.directoryOf(id), 0o755);
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
    return this.#withScratch(id, async (scratch) => {
      await buildDiffTree(this.directoryOf(id), scratch, await this.changes(id, parent));
      return writeLayerTar(scratch, sink);
    });
  }

  changes(id: CacheId, parent: CacheId | undefined): Promise<LayerChange[]> {
    const before = parent === undefined ? undefined : this.directoryOf(parent);
    return treeChanges(before, this.directoryOf(id));
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

  /** What a `diff` or `applyDiff` that was killed has left. */
  async cleanup(): Promise<void> {
    for (const name of await namesIn(this.#base)) {
      const pid = /^scratch-[0-9a-f]{64}-(\d+)$/.exec(name)?.[1];
      if (pid !== undefined && !existsSync(`/proc/${pid}`)) await removeDirectory(join(this.#base, name));
    }
  }

  lowers(id: CacheId): Promise<string[]> {
    return Promise.resolve([this.directoryOf(id)]);
  }

  async list(): Promise<CacheId[]> {
    return (await namesIn(this.#base)).filter(isCacheId);
  }

  directoryOf(id: CacheId): string {
    return join(this.#base, id);
  }

  metadata(): Promise<Readonly<Record<string, string>>> {
    return Promise.resolve({});
  }

  /** Runs `act` with an empty directory beside the layers. */
  async #withScratch<T>(id: CacheId, act: (scratch: string) => Promise<T>): Promise<T> {
    const place = join(this.#base, `scratch-${id}-${String(process.pid)}`);
    const scratch = join(place, 'diff');
    mkdirSync(scratch, { recursive: true, mode: 0o700 });
    try {
      return await act(scratch);
    } finally {
      await removeDirectory(place);
    }
  }
}
