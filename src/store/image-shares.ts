/** What images share: `strata system df -v`. */
import { listImages, type ImageRow } from './image-list.ts';
import type { ChainId } from './ids.ts';
import type { Store } from './store.ts';

export interface ImageShare extends Omit<ImageRow, 'size'> {
  readonly size: number;
  /** Bytes in the regular files of those of its layers that another image has, too. */
  readonly shared: number;
}

/** A row for each name, and one for each image without any; the newest first. UserError `broken-file`. */
export async function imageShares(store: Store): Promise<ImageShare[]> {
  const shared = await store.lock.shared(async () => {
    const images = await store.images.images();
    const users = new Map<ChainId, number>();
    for (const chainId of images.flatMap(({ chain }) => chain))
      users.set(chainId, (users.get(chainId) ?? 0) + 1);
    const found = new Map<string, number>();
    for (const { id, chain } of images) {
      let bytes = 0;
      for (const chainId of chain)
        if ((users.get(chainId) ?? 0) > 1) bytes += (await store.layers.getLayer(chainId)).size;
      found.set(id, bytes);
    }
    return found;
  });
  const { rows } = await listImages(store);
  return rows.map((row) => ({ ...row, size: row.size ?? 0, shared: shared.get(row.id) ?? 0 }));
}
