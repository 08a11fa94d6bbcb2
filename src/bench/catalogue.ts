/**
 * All that can be run. It is found by the URL of its module, since every trial looks it up again in a process of its
 * own: workloads are functions, which cannot be sent to one.
 */
import type { Driver } from './drivers/driver.ts';
import { drivers } from './drivers/table.ts';
import { copyUpSeries } from './series/copy-up.ts';
import { layerSeries } from './series/layers.ts';
import { listingSeries } from './series/listing.ts';
import type { Series } from './series/series.ts';
import type { Workload } from './workload.ts';
import { workloads } from './workloads/table.ts';

export interface Catalogue {
  readonly drivers: readonly Driver[];
  readonly workloads: readonly Workload[];
  readonly series: readonly Series[];
}

/** @public By its URL. */
export const catalogue: Catalogue = {
  drivers,
  workloads,
  series: [...layerSeries, listingSeries, copyUpSeries],
};

/** The module `url` is one whose export `catalogue` is what is run. */
export async function loadCatalogue(url: string): Promise<Catalogue> {
  const module = (await import(url)) as { readonly catalogue: Catalogue };
  return module.catalogue;
}

export const catalogueUrl = import.meta.url;

/** Throws where there is none: names come from the same catalogue. */
export function getDriver({ drivers }: Catalogue, name: string): Driver {
  const found = drivers.find((driver) => driver.name === name);
  if (found === undefined) throw new Error(`no driver ${name}`);
  return found;
}

/** A workload, or one size of a series, by its name. Throws where there is none. */
export function getWorkload({ workloads, series }: Catalogue, name: string): Workload {
  const found =
    workloads.find((workload) => workload.name === name) ??
    series.flatMap((one) => one.sizes.map((size) => one.at(size))).find((workload) => workload.name === name);
  if (found === undefined) throw new Error(`no workload ${name}`);
  return found;
}
