/**
 * The shape of a run (`results.ts`) for one that comes from a file. Units and figures are checked as well: what is computed from them
 * must not become NaN on the way to a table.
 */
import * as v from 'valibot';
import type { BenchRun } from './results.ts';

const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const durability = v.picklist(['default', 'volatile']);
const unit = v.picklist(['ms', 'MB', 'MiB/s', 'IOPS']);
const leftOut = v.exactOptional(v.object({ why: v.string(), install: v.exactOptional(v.string()) }));

const machine = v.object({
  cpu: v.string(),
  cpus: count,
  memoryMiB: count,
  kernel: v.string(),
  node: v.string(),
  virtualization: v.string(),
  scratch: v.string(),
});

const driver = v.object({
  name: v.string(),
  variantOf: v.exactOptional(v.string()),
  durability,
  version: v.string(),
  options: v.string(),
  leftOut,
});

const outcomes = v.record(
  v.string(),
  v.object({ figures: v.array(v.pipe(v.number(), v.finite())), errors: v.array(v.string()) }),
);

const workload = v.object({
  name: v.string(),
  group: v.string(),
  unit,
  durability: v.exactOptional(durability),
  outcomes,
  verdicts: v.array(v.object({ text: v.string(), met: v.boolean(), driver: v.exactOptional(v.string()) })),
  leftOut,
});

const series = v.object({
  name: v.string(),
  title: v.string(),
  xTitle: v.string(),
  unit,
  withVolatile: v.exactOptional(v.literal(true)),
  points: v.array(v.object({ x: v.pipe(v.number(), v.finite()), outcomes })),
  leftOut,
});

export const runSchema: v.GenericSchema<BenchRun> = v.object({
  format: v.literal(1),
  date: v.pipe(v.string(), v.isoTimestamp()),
  version: v.string(),
  machine,
  fixtures: v.string(),
  rounds: count,
  quick: v.boolean(),
  drivers: v.array(driver),
  workloads: v.array(workload),
  series: v.array(series),
  means: v.array(
    v.object({
      driver: v.string(),
      peer: v.string(),
      workloads: count,
      ratio: v.pipe(v.number(), v.finite()),
    }),
  ),
});
