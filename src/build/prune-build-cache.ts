/**
 * `strata builder prune`: what builds keep beside images, which are what keeps the layers of their steps.
 */
import { diskUsageOf } from '../store/disk-usage.ts';
import type { ChainId } from '../store/ids.ts';
import type { Store } from '../store/store.ts';
import { StepCache } from './cache/step-cache.ts';
import { removeUnusedCaches } from './execute/cache-mounts.ts';

/**
 * Throws away the caches of `RUN --mount=type=cache` that no step has, and what is known of steps whose layers are gone; `all`:
 * of every step. Answers the bytes on the disk that it has freed. A build that is going on is not harmed.
 */
export async function pruneBuildCache(store: Store, { all }: { readonly all: boolean }): Promise<number> {
  const directory = store.root.buildCache;
  const before = diskUsageOf(directory);
  await removeUnusedCaches(directory);
  await store.lock.shared(async () => {
    const layers = new Set(await store.layers.chainIds());
    new StepCache(directory).prune({ all, isThere: (layer) => layers.has(layer as ChainId) });
  });
  return Math.max(0, before - diskUsageOf(directory));
}
