/** What images share: `strata system df -v`. */
import { UserError } from '../base/user-error.ts';
import { asBroken, partSound } from './durable.ts';
import { listImages, type ImageRow } from './image-list.ts';
import type { ChainId } from './ids.ts';
import type { Store } from './store.ts';

export interface ImageShare extends ImageRow {
  /** Bytes in the regular files of those of its layers that another image has, too; undefined where `size` is. */
  readonly shared: number | undefined;
}

export interface ImageShares {
  /** A row for each name, and one for each image without any; the newest first. */
  readonly rows: readonly ImageShare[];
  /** What is damaged of images; UserError `broken-file`. */
  readonly faults: readonly UserError[];
}

export async function imageShares(store: Store): Promise<ImageShares> {
  const shared = await store.lock.shared(async () => {
    const { sound: images } = partSound((await store.images.all()).values());
    const users = new Map<ChainId, number>();
    for (const chainId of images.flatMap(({ chain }) => chain))
      users.set(chainId, (users.get(chainId) ?? 0) + 1);
    const found = new Map<string, number>();
    for (const { id, chain } of images) {
      let bytes = 0;
      for (const chainId of chain) {
        const layer =
          (users.get(chainId) ?? 0) > 1 ? await store.layers.getLayer(chainId).catch(asBroken) : undefined;
        // `listImages` tells of one that is damaged.
        if (layer !== undefined && !(layer instanceof UserError)) bytes += layer.size;
      }
      found.set(id, bytes);
    }
    return found;
  });
  const { rows, faults } = await listImages(store);
  return {
    rows: rows.map((row) => ({
      ...row,
      shared: row.size === undefined ? undefined : (shared.get(row.id) ?? 0),
    })),
    faults,
  };
}
