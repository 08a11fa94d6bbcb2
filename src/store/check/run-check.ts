/**
 * `strata system check`: everything in a data root against everything else, contents against digests; and
 * `--repair`, which mends what follows from the rest and collects what is left over. It never throws away what
 * something refers to.
 */
import { collect } from '../collect.ts';
import type { CacheId } from '../ids.ts';
import { isBroken } from '../durable.ts';
import type { Store } from '../store.ts';
import { tryRemoval } from '../try-removal.ts';
import { checkContainers } from './check-containers.ts';
import { checkImages, checkNames } from './check-images.ts';
import { checkContents, checkLayers } from './check-layers.ts';
import { checkLeftovers } from './check-leftovers.ts';
import { checkMounts } from './check-mounts.ts';
import { checkOverlay, foreignDirectories } from './check-overlay.ts';
import { checkVolumes } from './check-volumes.ts';
import { findingRow, type Finding, type FindingRow } from './finding.ts';

export interface CheckResult {
  /** What was mended. */
  readonly mended: readonly FindingRow[];
  /** What is wrong now. */
  readonly found: readonly FindingRow[];
}

/** Other commands may go on meanwhile, but none that changes something. */
export async function checkStore(store: Store, options: { readonly repair: boolean }): Promise<CheckResult> {
  if (!options.repair) {
    return { mended: [], found: (await store.lock.shared(() => findFaults(store))).map(findingRow) };
  }
  return store.lock.exclusive(async () => {
    const before = await findFaults(store);
    for (const { mend } of before) if (mend !== undefined) await tryRemoval(mend);
    await collect(store).catch((thrown: unknown) => {
      if (!isBroken(thrown)) throw thrown;
    });
    const found = (await findFaults(store)).map(findingRow);
    const rest = new Set(found.map(({ code, path }) => `${code} ${path}`));
    const mended = before.map(findingRow).filter(({ code, path }) => !rest.has(`${code} ${path}`));
    return { mended, found };
  });
}

async function findFaults(store: Store): Promise<Finding[]> {
  const { sound, findings } = await checkLayers(store);
  const faults = [...findings];
  let unfit: ReadonlySet<CacheId> = new Set();
  if (store.root.format === 'overlay2') {
    const overlay = await checkOverlay(store, sound);
    faults.push(...overlay.findings, ...(await foreignDirectories(store)));
    unfit = overlay.unfit;
  }
  faults.push(...(await checkContents(store, sound, unfit)));
  faults.push(...(await checkImages(store, sound)));
  faults.push(...(await checkNames(store)));
  faults.push(...(await checkMounts(store, sound)));
  faults.push(...(await checkContainers(store)));
  faults.push(...(await checkVolumes(store)));
  faults.push(...(await checkLeftovers(store)));
  return faults;
}
