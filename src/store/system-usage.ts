/**
 * `strata system df`: every byte of the data root, by what it is for.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { nameFromText } from '../base/name.ts';
import type { UserError } from '../base/user-error.ts';
import { tryLockThere } from '../os/lock.ts';
import { DiskUsage } from './disk-usage.ts';
import { brokenFile, namesIn, partSound } from './durable.ts';
import type { CacheId, ChainId } from './ids.ts';
import type { Image } from './image-db.ts';
import type { Layer } from './layer-db.ts';
import { findMountParent, readUsedCaches } from './references.ts';
import type { Store } from './store.ts';

export interface UsageRow {
  readonly what:
    'images' | 'writable layers' | 'volumes' | 'build cache' | 'left over' | 'unknown' | 'bookkeeping';
  readonly count: number;
  /** Of these, in use: named, mounted, or needed by something that is. */
  readonly active: number;
  /** Bytes on the disk. */
  readonly size: number;
  /** Bytes that a prune gives back. */
  readonly reclaimable: number;
}

export interface SystemUsage {
  /** Where something is damaged, `unknown` stands in the place of `left over`: it may be what is damaged. */
  readonly rows: readonly UsageRow[];
  /** What is damaged; UserError `broken-file`. */
  readonly faults: readonly UserError[];
}

/** Sums up to what du(1) says of the root. For a holder of the root's lock. */
export async function systemUsage(store: Store): Promise<SystemUsage> {
  const disk = new DiskUsage();
  const { images, layers, imageCount, faults } = await readSound(store);
  const caches = await readUsedCaches(store);
  const used = await findUsed(store, images, layers);
  const sums = { images: 0, unused: 0, writable: 0, left: 0 };
  const counts = { writable: 0, left: 0 };
  for (const id of await store.driver.list()) {
    const size = disk.of(store.driver.directoryOf(id));
    const isLayer = layers.has(id);
    if (isLayer) {
      sums.images += size;
      if (!used.layers.has(id)) sums.unused += size;
    } else if (caches.has(id)) {
      sums.writable += size;
      counts.writable += 1;
    } else {
      sums.left += size;
      counts.left += 1;
    }
  }
  const volumes = disk.of(store.root.at('volumes'));
  const volumeCount = volumes === 0 ? 0 : readdirSync(store.root.at('volumes')).length;
  const cache = disk.of(store.root.buildCache);
  const counted = sums.images + sums.writable + sums.left + volumes + cache;
  // What has been counted is walked once more here, and taken off: each file is counted once in a walk.
  const rest = new DiskUsage().of(store.root.path) - counted;
  // A prune keeps every layer where nobody can tell which are needed.
  const isSound = faults.length === 0;
  const rows: UsageRow[] = [
    {
      what: 'images',
      ...{
        count: imageCount,
        active: used.images,
        size: sums.images,
        reclaimable: isSound ? sums.unused : 0,
      },
    },
    {
      what: 'writable layers',
      ...{ count: counts.writable, active: counts.writable, size: sums.writable, reclaimable: 0 },
    },
    { what: 'volumes', count: volumeCount, active: volumeCount, size: volumes, reclaimable: 0 },
    { what: 'build cache', size: cache, ...mountedCaches(store) },
    {
      what: isSound ? 'left over' : 'unknown',
      ...{ count: counts.left, active: 0, size: sums.left, reclaimable: isSound ? sums.left : 0 },
    },
    { what: 'bookkeeping', count: 0, active: 0, size: rest, reclaimable: 0 },
  ];
  return { rows, faults };
}

/** The caches of `RUN --mount=type=cache`. What else builds keep goes only when it is asked for. */
function mountedCaches({ root }: Store): Pick<UsageRow, 'count' | 'active' | 'reclaimable'> {
  const counts = { count: 0, active: 0, reclaimable: 0 };
  if (!existsSync(root.buildCacheMounts)) return counts;
  for (const name of readdirSync(root.buildCacheMounts)) {
    const directory = join(root.buildCacheMounts, name);
    const lock = tryLockThere(nameFromText(directory));
    counts.count += 1;
    if (lock === undefined) counts.active += 1;
    else counts.reclaimable += new DiskUsage().of(directory);
    lock?.release();
  }
  return counts;
}

interface Sound {
  readonly images: readonly Image[];
  readonly layers: ReadonlyMap<CacheId, Layer>;
  /** Damaged ones, too. */
  readonly imageCount: number;
  readonly faults: readonly UserError[];
}

/** Images and layers of which the files can be read, and what is wrong with the others. */
async function readSound(store: Store): Promise<Sound> {
  const [all, allImages] = [await store.layers.all(), await store.images.all()];
  const [images, layers] = [partSound(allImages.values()), partSound(all.values())];
  const missing = new Set(images.sound.flatMap(({ chain }) => chain).filter((chainId) => !all.has(chainId)));
  return {
    images: images.sound,
    layers: new Map(layers.sound.map((layer) => [layer.cacheId, layer])),
    imageCount: allImages.size,
    faults: [
      ...images.faults,
      ...layers.faults,
      ...[...missing].map((chainId) => brokenFile(store.layers.pathOf(chainId), 'it is missing')),
    ],
  };
}

interface Used {
  readonly images: number;
  readonly layers: ReadonlySet<CacheId>;
}

/** Images that have a name, or that a container or a mount begins with; the layers of these, with all below them. */
async function findUsed(
  store: Store,
  all: readonly Image[],
  layers: ReadonlyMap<CacheId, Layer>,
): Promise<Used> {
  const named = new Set((await store.names.list()).map(({ image }) => image));
  const tops = new Set<ChainId | undefined>();
  for (const cacheId of (await store.mounts.list()).flatMap((record) => record.layers))
    tops.add(layers.get(cacheId)?.chainId);
  for (const name of await namesIn(store.root.layerDb('mounts')))
    tops.add(await findMountParent(store, name));
  tops.delete(undefined);
  const images = all.filter(({ id, chain }) => named.has(id) || tops.has(chain.at(-1)));
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
