/**
 * The speed table: every workload on every driver, as ratios of one run on one machine. Drivers take
 * turns within a round and the order changes from round to round, so that a machine that gets slower
 * or faster meanwhile does so for all of them. Ends with 1 when a threshold is missed.
 */
import { mkdirSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { run } from './child.ts';
import { drivers, mount, type Driver } from './drivers.ts';
import { createFixtures, type Fixtures } from './fixture.ts';
import { createReport, median, type Outcome } from './report.ts';
import { createStack, removeStack } from './stack.ts';
import type { Workload } from './workload.ts';
import { bigFileWorkloads } from './workloads/big-file.ts';
import { footprints } from './workloads/footprint.ts';
import { lookups } from './workloads/lookup.ts';
import { manyFileWorkloads } from './workloads/many-files.ts';
import { dataWorkloads } from './workloads/read-write.ts';
import { walks } from './workloads/walk.ts';

const workloads: readonly Workload[] = [
  ...walks,
  ...dataWorkloads,
  ...bigFileWorkloads,
  ...manyFileWorkloads,
  ...lookups,
  ...footprints,
];

const usage = `usage: bench [--only NAME,...] [--drivers NAME,...] [--rounds N] [--scratch DIR] [--list]
  --only     workloads whose name begins with one of these (default: all)
  --drivers  default: stratafs,overlay,fuse-overlayfs
  --rounds   trials of each workload on each driver (default: 5)
  --scratch  layers are kept there between runs (default: /var/tmp/strata-bench)
`;

interface Plan {
  readonly workloads: readonly Workload[];
  readonly drivers: readonly Driver[];
  readonly rounds: number;
  /** A directory on a disk, and one in memory. */
  readonly storage: Readonly<Record<Workload['storage'], string>>;
}

/** Reads the command line; undefined when it only asked for help or a list. */
function readPlan(): Plan | undefined {
  const { values } = parseArgs({
    options: {
      only: { type: 'string', default: '' },
      drivers: { type: 'string', default: 'stratafs,overlay,fuse-overlayfs' },
      rounds: { type: 'string', default: '5' },
      scratch: { type: 'string', default: '/var/tmp/strata-bench' },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help || values.list) {
    process.stdout.write(values.help ? usage : workloads.map(({ name }) => `${name}\n`).join(''));
    return undefined;
  }
  const prefixes = values.only.split(',');
  return {
    workloads: workloads.filter(({ name }) => prefixes.some((prefix) => name.startsWith(prefix))),
    drivers: values.drivers.split(',').map(findDriver),
    rounds: Math.max(1, Number(values.rounds)),
    storage: { disk: join(values.scratch, 'disk'), memory: join(values.scratch, 'memory') },
  };
}

function findDriver(name: string): Driver {
  const driver = drivers.find((candidate) => candidate.name === name);
  const problem =
    driver === undefined ? `not one of ${drivers.map((d) => d.name).join(', ')}` : driver.unavailable();
  if (driver === undefined || problem !== undefined) throw new Error(`driver ${name}: ${problem ?? ''}`);
  return driver;
}

async function main(): Promise<void> {
  const plan = readPlan();
  if (plan === undefined) return;
  mkdirSync(plan.storage.disk, { recursive: true });
  mkdirSync(plan.storage.memory, { recursive: true });
  const [load = 0] = loadavg();
  if (load > 0.5) process.stderr.write(`others are busy (load ${load.toFixed(1)}): figures will be off\n`);
  const needsMemory = plan.workloads.some(({ storage }) => storage === 'memory');
  if (needsMemory) run(['mount', '-t', 'tmpfs', 'strata-bench', plan.storage.memory]);
  try {
    const results = await measure(plan);
    const subjects = plan.drivers.filter(({ subject }) => subject).map(({ name }) => name);
    const report = createReport(results, subjects);
    process.stdout.write(report.text);
    process.exitCode = report.failures > 0 ? 1 : 0;
  } finally {
    if (needsMemory) run(['umount', plan.storage.memory]);
  }
}

async function measure(plan: Plan): Promise<Map<Workload, Map<string, Outcome>>> {
  const results = new Map<Workload, Map<string, Outcome>>();
  const disk = createFixtures(join(plan.storage.disk, 'fixtures'));
  for (const workload of plan.workloads) {
    const fixtures =
      workload.storage === 'disk' ? disk : createFixtures(join(plan.storage.memory, 'fixtures'));
    const outcomes = new Map<string, Outcome>(
      plan.drivers.map(({ name }) => [name, { figures: [], errors: [] }]),
    );
    results.set(workload, outcomes);
    for (let round = 0; round < plan.rounds; round++) {
      const order = plan.drivers.map((_, i) => plan.drivers[(i + round) % plan.drivers.length]);
      for (const driver of order) {
        if (driver !== undefined) await tryOnce(plan, workload, fixtures, driver, outcomes.get(driver.name));
      }
    }
    const medians = [...outcomes].map(
      ([name, { figures }]) => `${name} ${median(figures)?.toFixed(2) ?? '-'}`,
    );
    process.stderr.write(`${workload.name}: ${medians.join(', ')} ${workload.unit}\n`);
  }
  return results;
}

async function tryOnce(
  plan: Plan,
  workload: Workload,
  fixtures: Fixtures,
  driver: Driver,
  outcome: Outcome | undefined,
): Promise<void> {
  const stack = createStack(plan.storage[workload.storage], workload.lowers(fixtures));
  workload.beforeMount?.(fixtures);
  // What the last trial left to be written must not be written during this one.
  run(['sync']);
  try {
    const mounted = mount(driver, stack);
    try {
      const trial = { driver, stack, root: stack.mountPoint, servers: mounted.servers, fixtures };
      workload.prepare?.(trial);
      const figure = workload.run(trial);
      if (figure !== undefined) outcome?.figures.push(figure);
    } finally {
      await mounted.unmount();
    }
  } catch (error) {
    outcome?.errors.push(error instanceof Error ? error.message : String(error));
  } finally {
    removeStack(stack);
  }
}

await main();
