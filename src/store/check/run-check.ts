/**
 * `strata system check`: everything in a data root against everything else, contents against digests; and
 * `--repair`, which mends what follows from the rest and collects what is left over. It never throws away what
 * something refers to.
 */
import { collect } from '../collect.ts';
import { asBroken } from '../durable.ts';
import type { Store } from '../store.ts';
import { tryRemoval } from '../try-removal.ts';
import { checkContainers } from './check-containers.ts';
import { checkImages, checkNames } from './check-images.ts';
import { checkLayers } from './check-layers.ts';
import { checkLeftovers } from './check-leftovers.ts';
import { checkMounts } from './check-mounts.ts';
import { checkOverlay, foreignDirectories } from './check-overlay.ts';
import { checkVolumes } from './check-volumes.ts';
import { findingRow, type Finding, type FindingRow } from './finding.ts';
import { LayerContents } from './layer-contents.ts';

export interface CheckResult {
  /** What was mended. */
  readonly mended: readonly FindingRow[];
  /** What is wrong now. */
  readonly found: readonly FindingRow[];
}

/** Other commands go on meanwhile, but for the moments in which what they could change is compared. */
export async function checkStore(store: Store, options: { readonly repair: boolean }): Promise<CheckResult> {
  const contents = new LayerContents(store);
  const readContents = async (): Promise<void> => {
    await contents.read(await store.lock.shared(async () => (await checkLayers(store)).sound));
  };
  await readContents();
  const before = options.repair ? await store.lock.exclusive(() => repair(store, contents)) : [];
  // What was mended may be fit to be read now.
  if (options.repair) await readContents();
  const found = (await store.lock.shared(() => findFaults(store, contents))).map(findingRow);
  const rest = new Set(found.map(({ code, path }) => `${code} ${path}`));
  const mended = before.map(findingRow).filter(({ code, path }) => !rest.has(`${code} ${path}`));
  return { mended, found };
}

/** What there was to be mended, and what nobody can mend. */
async function repair(store: Store, contents: LayerContents): Promise<Finding[]> {
  const faults = await findFaults(store, contents);
  // What is damaged is among the faults, and keeps nothing else from being mended.
  for (const { mend } of faults) if (mend !== undefined) await tryRemoval(mend).catch(asBroken);
  await collect(store).catch(asBroken);
  return faults;
}

async function findFaults(store: Store, contents: LayerContents): Promise<Finding[]> {
  const { sound, findings } = await checkLayers(store);
  const faults = [...findings];
  if (store.root.format === 'overlay2') {
    faults.push(...(await checkOverlay(store, sound)), ...(await foreignDirectories(store)));
  }
  faults.push(...contents.judge(sound));
  faults.push(...(await checkImages(store, sound)));
  faults.push(...(await checkNames(store)));
  faults.push(...(await checkMounts(store, sound)));
  faults.push(...(await checkContainers(store)));
  faults.push(...(await checkVolumes(store)));
  faults.push(...(await checkLeftovers(store)));
  return faults;
}
