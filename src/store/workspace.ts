/**
 * The place of one command's unfinished work: a directory in `layerdb/tmp`, locked for as long as the command lives.
 * Its files say which directories of the driver are not yet, or no longer, part of a layer (`cache-<id>`), and
 * which layers must stay although no image has them (`hold-<chain id>`). Found without its lock, it is a dead
 * command's, and all it names is thrown away.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { nameFromText } from '../base/name.ts';
import { UserError } from '../base/user-error.ts';
import type { LayerTarResult } from '../oci/layer-writer.ts';
import { tryLock, type Lock } from '../os/lock.ts';
import { syncFileSystem } from '../os/sync-file-system.ts';
import { asBroken, namesIn } from './durable.ts';
import { chainIdOf, hexOf, newCacheId, type CacheId, type ChainId, type ImageId } from './ids.ts';
import { tellingNoSpace } from './no-space.ts';
import type { Reference } from './reference.ts';
import { removeDirectory } from './remove-directory.ts';
import type { Store } from './store.ts';
import { tryRemoval } from './try-removal.ts';

/** Fills the directory that a driver has made for a new layer. */
type FillLayer = (id: CacheId, parent: CacheId | undefined) => Promise<LayerTarResult>;

export class Workspace {
  readonly #store: Store;
  readonly #directory: string;
  readonly #lock: Lock;

  private constructor(store: Store, directory: string, lock: Lock) {
    this.#store = store;
    this.#directory = directory;
    this.#lock = lock;
  }

  /** Runs `act` with a workspace, and clears that away, however `act` ends. */
  static async use<T>(store: Store, act: (workspace: Workspace) => Promise<T>): Promise<T> {
    const directory = store.root.layerDb('tmp', `work-${randomBytes(8).toString('hex')}`);
    // Alone, since whoever collects would take a directory that is not locked yet for a dead one.
    const lock = await store.lock.exclusive(async () => {
      await mkdir(directory, { mode: 0o700 });
      return tryLock(nameFromText(directory));
    });
    if (lock === undefined) throw new Error(`${directory} is somebody else's`);
    const workspace = new Workspace(store, directory, lock);
    try {
      return await tellingNoSpace(store.root.path, () => act(workspace));
    } finally {
      await workspace.#end();
    }
  }

  /** Makes an empty directory that goes with the workspace. */
  async makeScratch(): Promise<string> {
    const path = join(this.#directory, 'scratch');
    await mkdir(path, { mode: 0o700 });
    return path;
  }

  /**
   * Makes a layer over `parent` and publishes it; answers its chain id. Somebody else may have published the
   * same meanwhile: then that one is taken, and this one thrown away, unless that one is damaged. It stays for as long
   * as this workspace, or an image that has it.
   */
  async addLayer(parent: ChainId | undefined, fill: FillLayer): Promise<ChainId> {
    const { driver, layers, lock, root } = this.#store;
    const cacheId = newCacheId();
    const below = parent === undefined ? undefined : await layers.getLayer(parent);
    await this.#note(`cache-${cacheId}`);
    await driver.create(cacheId, below?.cacheId);
    const { diffId } = await fill(cacheId, below?.cacheId);
    const content = await driver.diff(cacheId, below?.cacheId, () => undefined);
    const { size } = content;
    const chainId = chainIdOf(parent, diffId);
    const staged = join(this.#directory, 'layer');
    await layers.stage(staged, { diffId, parent, cacheId, size, content: content.diffId });
    // Before others can see it: after a crash a layer is whole or not there.
    await syncFileSystem(root.path);
    const isOurs = await lock.exclusive(async () => {
      await this.hold(chainId);
      if (await layers.publish(staged, chainId)) return true;
      if (await isWhole(this.#store, chainId)) return false;
      await layers.remove(chainId);
      return layers.publish(staged, chainId);
    });
    if (!isOurs) await rm(staged, { recursive: true });
    // What does not go is tried again at the end.
    if (isOurs || (await tryRemoval(() => driver.remove(cacheId))))
      await rm(join(this.#directory, `cache-${cacheId}`));
    return chainId;
  }

  /** Publishes an image whose layers are there, under names if there are any. UserError `missing-layer`. */
  addImage(text: string, chain: readonly ChainId[], references: readonly Reference[]): Promise<ImageId> {
    const { lock, images, layers, names } = this.#store;
    return lock.exclusive(async () => {
      for (const chainId of chain) {
        if ((await layers.findLayer(chainId)) === undefined) {
          throw new UserError('missing-layer', `the layer ${chainId} is not there`);
        }
      }
      const id = await images.add(text);
      for (const reference of references) await names.set(reference, id);
      return id;
    });
  }

  /** Lets a layer stay for as long as this workspace. For a holder of the root's lock. */
  async hold(chainId: ChainId): Promise<void> {
    await this.#note(`hold-${hexOf(chainId)}`);
  }

  /** Says that a directory of the driver is no part of a layer any more. For the holder of the root's lock. */
  async doom(cacheId: CacheId): Promise<void> {
    await this.#note(`cache-${cacheId}`);
  }

  async #note(name: string): Promise<void> {
    await writeFile(join(this.#directory, name), '', { mode: 0o600 });
  }

  /** Throws away what it names, and itself. What does not go is left, with it, for the next command. */
  async #end(): Promise<void> {
    const { driver, lock } = this.#store;
    try {
      const { caches } = await readWorkspace(this.#directory);
      // By now some may be part of a layer.
      const used = caches.length === 0 ? new Set() : await lock.shared(() => usedCaches(this.#store));
      let isClear = true;
      for (const id of caches) {
        if (!used.has(id) && !(await tryRemoval(() => driver.remove(id)))) isClear = false;
      }
      if (isClear) await tryRemoval(() => removeDirectory(this.#directory));
    } finally {
      this.#lock.release();
    }
  }
}

/** What a workspace names. */
export interface WorkspaceContent {
  readonly caches: readonly CacheId[];
  readonly holds: readonly ChainId[];
}

export async function readWorkspace(directory: string): Promise<WorkspaceContent> {
  const names = await namesIn(directory);
  const after = (prefix: string): string[] =>
    names.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length));
  return {
    caches: after('cache-') as CacheId[],
    holds: after('hold-').map((hex) => `sha256:${hex}` as ChainId),
  };
}

/** Whether what is known of a layer can be read, and what it is known of is there. For a holder of the root's lock. */
async function isWhole({ driver, layers }: Store, chainId: ChainId): Promise<boolean> {
  const layer = await layers.getLayer(chainId).catch(asBroken);
  return !(layer instanceof UserError) && driver.holds(layer.cacheId);
}

/** Those of layers that are published; one that is damaged has no say. For a holder of the root's lock. */
async function usedCaches({ layers }: Store): Promise<Set<CacheId>> {
  const all = [...(await layers.all()).values()];
  return new Set(all.flatMap((layer) => (layer instanceof UserError ? [] : [layer.cacheId])));
}
