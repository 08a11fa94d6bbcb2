/**
 * `strata layers`: which images share which layers, and what each costs; what is in a layer; what of it is wasted.
 */
import { nameToText } from '../base/name.ts';
import { UserError } from '../base/user-error.ts';
import type { LayerChange } from './driver.ts';
import { diskUsageOf } from './disk-usage.ts';
import { asBroken, partSound } from './durable.ts';
import type { ChainId } from './ids.ts';
import { layerInstructions } from './image-config.ts';
import type { Image } from './image-db.ts';
import type { Layer } from './layer-db.ts';
import { readMergedTree } from './merged-tree.ts';
import { namesOf } from './resolve-image.ts';
import type { Store } from './store.ts';

export interface LayerRow {
  readonly chainId: ChainId;
  readonly diffId: string;
  /** The instruction that made it, as the first image tells that has it. */
  readonly createdBy: string;
  /** Bytes in its regular files. */
  readonly size: number;
  /** Bytes that it takes up on the disk. */
  readonly cost: number;
  /** Names, or ids, of the images that have it. */
  readonly images: readonly string[];
  /** With `files`: what it holds. */
  readonly files?: readonly FileRow[];
}

export type FileRow = Pick<LayerChange, 'kind' | 'mode' | 'size'> & { readonly path: string };

export interface LayerReport {
  readonly rows: readonly LayerRow[];
  /** What is damaged, and has no row, or could not be asked which layers it has; UserError `broken-file`. */
  readonly faults: readonly UserError[];
}

/** Of one image from its bottom, or of all. For a holder of the root's lock. */
export async function reportLayers(
  store: Store,
  image: Image | undefined,
  options: { readonly files: boolean },
): Promise<LayerReport> {
  const { sound: images, faults } = partSound((await store.images.all()).values());
  const names = await store.names.list();
  const users = new Map<ChainId, string[]>();
  const instructions = new Map<ChainId, string>();
  for (const one of images) {
    const made = layerInstructions(one.config);
    const own = namesOf(names, one.id);
    for (const [index, chainId] of one.chain.entries()) {
      users.set(chainId, [...(users.get(chainId) ?? []), ...(own.length === 0 ? [one.id] : own)]);
      if (!instructions.has(chainId)) instructions.set(chainId, made[index]?.created_by ?? '');
    }
  }
  const rowOf = async (chainId: ChainId): Promise<LayerRow> => {
    const layer = await store.layers.getLayer(chainId);
    return {
      chainId,
      diffId: layer.diffId,
      createdBy: instructions.get(chainId) ?? '',
      size: layer.size,
      cost: diskUsageOf(store.driver.directoryOf(layer.cacheId)),
      images: users.get(chainId) ?? [],
      ...(options.files ? { files: await filesOf(store, layer) } : {}),
    };
  };
  const rows: LayerRow[] = [];
  for (const chainId of image?.chain ?? users.keys()) {
    const row = await rowOf(chainId).catch(asBroken);
    if (row instanceof UserError) faults.push(row);
    else rows.push(row);
  }
  return { rows, faults };
}

async function filesOf(store: Store, layer: Layer): Promise<FileRow[]> {
  const parent = layer.parent === undefined ? undefined : await store.layers.getLayer(layer.parent);
  const changes = await store.driver.changes(layer.cacheId, parent?.cacheId);
  return changes.map(({ path, kind, mode, size }) => ({ path: nameToText(path), kind, mode, size }));
}

export interface WasteRow {
  readonly path: string;
  readonly size: number;
  readonly how: 'deleted' | 'replaced';
  /** The instructions that brought it, and that hid it. */
  readonly from: string;
  readonly by: string;
}

/** Files of an image that a later layer deletes or replaces, the biggest first. For a holder of the root's lock. */
export async function reportWaste(store: Store, image: Image): Promise<WasteRow[]> {
  const layers = await Promise.all(image.chain.map((chainId) => store.layers.getLayer(chainId)));
  const { hidden } = await readMergedTree(store, layers);
  const made = layerInstructions(image.config).map((entry) => entry?.created_by ?? '');
  return hidden
    .map(({ path, size, how, from, by }) => ({
      path: nameToText(path),
      ...{ size, how, from: made[from] ?? '', by: made[by] ?? '' },
    }))
    .sort((a, b) => b.size - a.size);
}
