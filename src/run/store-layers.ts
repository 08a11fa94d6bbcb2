/**
 * The layers of containers, kept by the store: `layerdb/mounts/ID` names the init layer and the writable one over it, as
 * Docker has it. It is written before there is anything to name, so that what a crash leaves is known to be somebody's.
 */
import { randomBytes } from 'node:crypto';
import { statfsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { UserError } from '../base/user-error.ts';
import type { LayerChange } from '../store/driver.ts';
import { findLine, writeDurably } from '../store/durable.ts';
import { isCacheId, newCacheId, type CacheId, type ChainId, type ImageId } from '../store/ids.ts';
import { isElsewhere, isThere } from '../store/mount-book.ts';
import { mountedChanges, writeMountedDiff, type MountedLayer } from '../store/mounted-changes.ts';
import { mountLayerAt } from '../store/mount-tree.ts';
import { resolveImage } from '../store/resolve-image.ts';
import type { Store } from '../store/store.ts';
import type { ContainerLayers, FoundImage } from './engine.ts';

interface LayerIds {
  readonly init: CacheId;
  readonly writable: CacheId;
  /** Of the image; undefined where it has no layers. */
  readonly parent: ChainId | undefined;
}

export class StoreLayers implements ContainerLayers {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  async getImage(reference: string): Promise<FoundImage> {
    const { image } = await this.#store.lock.shared(() => resolveImage(this.#store, reference));
    return { id: image.id, defaults: image.config.config ?? {} };
  }

  async create(id: string, imageId: string, fill: (root: string) => void): Promise<void> {
    const { driver, layers } = this.#store;
    const { init, writable, parent } = await this.#note(id, imageId);
    const below = parent === undefined ? undefined : (await layers.getLayer(parent)).cacheId;
    await driver.createReadWrite(init, below);
    try {
      fill(await driver.get(init, { title: `init layer of container ${id.slice(0, 12)}` }));
    } finally {
      await driver.put(init);
    }
    await driver.createReadWrite(writable, init);
  }

  async mount(id: string): Promise<string> {
    const { writable } = await this.#get(id);
    const title = `container ${id.slice(0, 12)}`;
    const isMounted = (await this.#store.mounts.find(writable))?.holders.includes('kept') ?? false;
    const path = await this.#store.driver.get(writable, { kept: true, title });
    // Held once, by the container, however often it is asked for.
    if (isMounted) await this.#store.driver.put(writable);
    if (isAnswering(path)) return path;
    // Its server was killed, which leaves the mount.
    await this.#store.driver.put(writable);
    return this.#store.driver.get(writable, { kept: true, title });
  }

  async unmount(id: string): Promise<void> {
    const ids = await this.#find(id);
    if (ids !== undefined) await this.#store.driver.put(ids.writable);
  }

  /** Shows the tree of a container at `target`, too, running or not, until `strata umount`. UserError. */
  async mountAt(id: string, target: string): Promise<void> {
    const { init, writable, parent } = await this.#get(id);
    const below = parent === undefined ? [] : await this.#store.layers.chain(parent);
    await mountLayerAt(this.#store, target, {
      layers: [writable, init, ...below.map(({ cacheId }) => cacheId).reverse()],
      title: `container ${id.slice(0, 12)}`,
    });
  }

  async remove(id: string): Promise<void> {
    const ids = await this.#find(id);
    if (ids === undefined) return;
    await this.#checkNoView(id, ids.writable);
    await this.#store.driver.remove(ids.writable);
    await this.#store.driver.remove(ids.init);
    await rm(this.#path(id), { recursive: true, force: true });
  }

  async #checkNoView(id: string, writable: CacheId): Promise<void> {
    const { mounts } = this.#store;
    // A damaged record may be that of a view.
    await mounts.list();
    const view = await mounts.findView(writable);
    if (view === undefined) return;
    const place = await mounts.findPlace(view.name, view);
    const message = `container ${id.slice(0, 12)} is mounted at ${place ?? view.target}`;
    throw place === undefined && !isElsewhere(view)
      ? new UserError('layer-in-use', `${message}, off the tree`, { hint: 'end the programs that are in it' })
      : new UserError('layer-in-use', message, {
          hint: `unmount it first: strata umount ${place ?? view.target}`,
        });
  }

  /** What the container has changed over its init layer. While it is mounted the two trees are compared as wholes. */
  async changes(id: string): Promise<LayerChange[]> {
    const { init, writable } = await this.#get(id);
    const found = await this.#whileMounted({ init, writable }, mountedChanges);
    return found ?? this.#store.driver.changes(writable, init);
  }

  /** Where its writable layer lies, as the driver tells; empty where it is missing. */
  async metadata(id: string): Promise<Readonly<Record<string, string>>> {
    const ids = await this.#find(id);
    return ids === undefined ? {} : this.#store.driver.metadata(ids.writable);
  }

  /** Bytes in the regular files that it has written. */
  async size(id: string): Promise<number> {
    return (await this.changes(id)).reduce((sum, { size }) => sum + size, 0);
  }

  /**
   * What the container has changed, as a layer tar. Of one that is mounted it is gathered in `scratch`, an empty directory;
   * nothing may change it meanwhile.
   */
  async diff(id: string, scratch: string, sink: (chunk: Buffer) => Promise<void> | void): Promise<void> {
    const { init, writable } = await this.#get(id);
    const write = (layer: MountedLayer): Promise<true> =>
      writeMountedDiff(layer, scratch, sink).then(() => true);
    if ((await this.#whileMounted({ init, writable }, write)) !== true)
      await this.#store.driver.diff(writable, init, sink);
  }

  /** Undefined for a layer that is not mounted, or needs no mount. */
  async #whileMounted<T>(
    { init, writable }: Pick<LayerIds, 'init' | 'writable'>,
    act: (layer: MountedLayer) => Promise<T>,
  ): Promise<T | undefined> {
    const { driver, mounts } = this.#store;
    const record = await mounts.find(writable);
    if (record?.upper === undefined || !isThere(record)) return undefined;
    const before = await driver.get(init);
    try {
      return await act({ before, after: await driver.get(writable), upper: record.upper });
    } finally {
      await driver.put(writable);
      await driver.put(init);
    }
  }

  /** Draws the ids of new layers and writes them down, while nobody takes the image away. */
  #note(id: string, imageId: string): Promise<LayerIds> {
    const { lock, images } = this.#store;
    return lock.exclusive(async () => {
      const image = await images.findImage(imageId as ImageId);
      if (image === undefined)
        throw new UserError('no-such-image', `the image ${imageId} was removed meanwhile`, { exitCode: 125 });
      const ids: LayerIds = { init: newCacheId(), writable: newCacheId(), parent: image.chain.at(-1) };
      const staged = this.#store.root.layerDb('tmp', `container-${randomBytes(8).toString('hex')}`);
      await mkdir(staged, { mode: 0o700 });
      try {
        await writeDurably(`${staged}/init-id`, ids.init);
        await writeDurably(`${staged}/mount-id`, ids.writable);
        if (ids.parent !== undefined) await writeDurably(`${staged}/parent`, ids.parent);
        await rename(staged, this.#path(id));
      } catch (thrown) {
        await rm(staged, { recursive: true, force: true });
        throw thrown;
      }
      return ids;
    });
  }

  async #get(id: string): Promise<LayerIds> {
    const ids = await this.#find(id);
    if (ids === undefined)
      throw new UserError('no-layer', `the writable layer of container ${id.slice(0, 12)} is missing`, {
        hint: 'strata system check tells what else is',
      });
    return ids;
  }

  async #find(id: string): Promise<LayerIds | undefined> {
    const [init, writable, parent] = await Promise.all(
      ['init-id', 'mount-id', 'parent'].map((name) => findLine(`${this.#path(id)}/${name}`)),
    );
    if (init === undefined || writable === undefined || !isCacheId(init) || !isCacheId(writable))
      return undefined;
    return { init, writable, parent: parent as ChainId | undefined };
  }

  #path(id: string): string {
    return this.#store.root.layerDb('mounts', id);
  }
}

function isAnswering(path: string): boolean {
  try {
    // Attributes are cached, this is always asked for.
    statfsSync(path);
    return true;
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOTCONN') return false;
    throw thrown;
  }
}
