/**
 * `strata system df`: every byte of the data root, by what it is for.
 */
import { readdirSync } from 'node:fs';
import { DiskUsage } from './disk-usage.ts';
import { namesIn } from './durable.ts';
import type { CacheId, ChainId } from './ids.ts';
import type { Layer } from './layer-db.ts';
import { findMountParent, readLayers, readReferences } from './references.ts';
import type { Store } from './store.ts';

export interface UsageRow {
  readonly what: 'images' | 'writable layers' | 'volumes' | 'left over' | 'bookkeeping';
  readonly count: number;
  /** Of these, in use: named, mounted, or needed by something that is. */
  readonly active: number;
  /** Bytes on the disk. */
  readonly size: number;
  /** Bytes that a prune gives back. */
  readonly reclaimable: number;
}

/** Sums up to what du(1) says of the root. For a holder of the root's lock. */
export async function systemUsage(store: Store): Promise<UsageRow[]> {
  const disk = new DiskUsage();
  const layers = new Map([...(await readLayers(store)).values()].map((layer) => [layer.cacheId, layer]));
  const references = await readReferences(store);
  const used = await findUsed(store, layers);
  const sums = { images: 0, unused: 0, writable: 0, left: 0 };
  const counts = { writable: 0, left: 0 };
  for (const id of await store.driver.list()) {
    const size = disk.of(store.driver.directoryOf(id));
    const isLayer = layers.has(id);
    if (isLayer) {
      sums.images += size;
      if (!used.layers.has(id)) sums.unused += size;
    } else if (references.caches.has(id)) {
      sums.writable += size;
      counts.writable += 1;
    } else {
      sums.left += size;
      counts.left += 1;
    }
  }
  const volumes = disk.of(store.root.at('volumes'));
  const volumeCount = volumes === 0 ? 0 : readdirSync(store.root.at('volumes')).length;
  const counted = sums.images + sums.writable + sums.left + volumes;
  // What has been counted is walked once more here, and taken off: each file is counted once in a walk.
  const rest = new DiskUsage().of(store.root.path) - counted;
  const images = await store.images.images();
  return [
    {
      what: 'images',
      ...{ count: images.length, active: used.images, size: sums.images, reclaimable: sums.unused },
    },
    {
      what: 'writable layers',
      ...{ count: counts.writable, active: counts.writable, size: sums.writable, reclaimable: 0 },
    },
    { what: 'volumes', count: volumeCount, active: volumeCount, size: volumes, reclaimable: 0 },
    { what: 'left over', count: counts.left, active: 0, size: sums.left, reclaimable: sums.left },
    { what: 'bookkeeping', count: 0, active: 0, size: rest, reclaimable: 0 },
  ];
}

interface Used {
  readonly images: number;
  readonly layers: ReadonlySet<CacheId>;
}

/** Images that have a name, or that a container or a mount begins with; the layers of these, with all below them. */
async function findUsed(store: Store, layers: ReadonlyMap<CacheId, Layer>): Promise<Used> {
  const named = new Set((await store.names.list()).map(({ image }) => image));
  const tops = new Set<ChainId | undefined>();
  for (const cacheId of (await store.mounts.list()).flatMap((record) => record.layers))
    tops.add(layers.get(cacheId)?.chainId);
  for (const name of await namesIn(store.root.layerDb('mounts')))
    tops.add(await findMountParent(store, name));
  tops.delete(undefined);
  const images = (await store.images.images()).filter(
    ({ id, chain }) => named.has(id) || tops.has(chain.at(-1)),
  );
  for (const { chain } of images) tops.add(chain.at(-1));
  const byChain = new Map([...layers.values()].map((layer) => [layer.chainId, layer]));
  const used = new Set<CacheId>();
  for (const top of tops) {
    let layer = top === undefined ? undefined : byChain.get(top);
    for (; layer !== undefined; layer = layer.parent === undefined ? undefined : byChain.get(layer.parent))
      used.add(layer.cacheId);
  }
  return { images: images.length, layers: used };
}
