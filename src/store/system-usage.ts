/**
 * `strata system df`: every byte of the data root, by what it is for.
 */
import { readdirSync } from 'node:fs';
import { DiskUsage } from './disk-usage.ts';
import type { CacheId } from './ids.ts';
import { readLayers, readReferences } from './references.ts';
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
  const named = await activeLayers(store);
  const sums = { images: 0, unused: 0, writable: 0, left: 0 };
  const counts = { writable: 0, left: 0 };
  for (const id of await store.driver.list()) {
    const size = disk.of(store.driver.directoryOf(id));
    const isLayer = layers.has(id);
    if (isLayer) {
      sums.images += size;
      if (!named.has(id)) sums.unused += size;
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
  const activeImages = new Set((await store.names.list()).map(({ image }) => image)).size;
  return [
    {
      what: 'images',
      ...{ count: images.length, active: activeImages, size: sums.images, reclaimable: sums.unused },
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

/** Layers of images that have a name, or are mounted. */
async function activeLayers(store: Store): Promise<Set<CacheId>> {
  const named = new Set((await store.names.list()).map(({ image }) => image));
  const active = new Set((await store.mounts.list()).flatMap(({ layers }) => layers));
  for (const image of await store.images.images()) {
    if (!named.has(image.id)) continue;
    for (const chainId of image.chain) active.add((await store.layers.getLayer(chainId)).cacheId);
  }
  return active;
}
