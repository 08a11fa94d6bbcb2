/** The work of `strata bench`. It draws in a library that takes as long to load as the whole tool, which only this command waits for. */
import { constants } from 'node:os';
import { UserError } from '../base/user-error.ts';
import { catalogueUrl, loadCatalogue, type Catalogue } from '../bench/catalogue.ts';
import { compareRuns } from '../bench/compare.ts';
import { createPlan, type BenchOptions, type Plan } from '../bench/plan.ts';
import { readRun } from '../bench/result-file.ts';
import type { BenchRun } from '../bench/results.ts';
import { runBench } from '../bench/run-bench.ts';
import { checkOutputs, writeOutputs, type Outputs } from './bench-outputs.ts';
import { createProgress } from './bench-progress.ts';
import { benchText, changesText } from './bench-table.ts';

export interface Options extends BenchOptions, Outputs {
  readonly scratch: string;
  readonly from?: string;
  readonly compare?: string;
  readonly check?: true;
  readonly list?: true;
}

/** `url`: that of the module that says what can be run. */
export async function bench(options: Options, url: string = catalogueUrl): Promise<void> {
  const catalogue = await loadCatalogue(url);
  if (options.list === true) process.stdout.write(listText(catalogue));
  else await measureOrShow(url, catalogue, options);
}

async function measureOrShow(url: string, catalogue: Catalogue, options: Options): Promise<void> {
  const source = options.from === undefined ? createPlan(options, catalogue) : readRun(options.from);
  const earlier = options.compare === undefined ? undefined : readRun(options.compare);
  checkOutputs(options);
  const run = 'format' in source ? source : await measure(url, source, options.scratch);
  process.stdout.write(benchText(run));
  await writeOutputs(run, options);
  if (earlier !== undefined) process.stdout.write(`\n${changesText(compareRuns(earlier, run))}`);
  if (run !== source && !hasFigures(run)) {
    throw new UserError('no-figures', 'nothing could be measured', { hint: 'the table says why' });
  }
  const missed = run.workloads.flatMap(({ verdicts }) => verdicts.filter(({ met }) => !met)).length;
  if (options.check === true && missed > 0) {
    throw new UserError('missed-threshold', `${String(missed)} thresholds are missed`, {
      hint: 'see the table',
    });
  }
}

function hasFigures({ workloads, series }: BenchRun): boolean {
  const all = [...workloads, ...series.flatMap(({ points }) => points)];
  return all.some(({ outcomes }) => Object.values(outcomes).some(({ figures }) => figures.length > 0));
}

/** Runs `plan`, which says on a terminal how far it is. */
async function measure(url: string, plan: Plan, scratch: string): Promise<BenchRun> {
  for (const { of, leftOut } of plan.drivers) {
    if (leftOut === undefined) continue;
    const text = [leftOut.why, leftOut.install].filter((part) => part !== undefined).join(': ');
    process.stderr.write(`without ${of.name}: ${text}\n`);
  }
  const progress = createProgress(process.stderr);
  const interruption = heedSignals();
  try {
    const { signal } = interruption;
    return await runBench(plan, { scratch, catalogue: url, watch: progress, signal });
  } finally {
    progress.end();
    interruption.stop();
  }
}

interface Interruption {
  readonly signal: AbortSignal;
  /** Lets signals do what they do otherwise. */
  stop(): void;
}

/** Further signals change nothing: what the first has begun, clearing away, must come to its end. */
function heedSignals(): Interruption {
  const controller = new AbortController();
  const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  const heed = (name: (typeof names)[number]): void => {
    const exitCode = 128 + constants.signals[name];
    controller.abort(new UserError('interrupted', `ended by ${name}, nothing is left mounted`, { exitCode }));
  };
  for (const name of names) process.on(name, heed);
  return {
    signal: controller.signal,
    stop: () => {
      for (const name of names) process.off(name, heed);
    },
  };
}

function listText({ drivers, workloads, series }: Catalogue): string {
  const groups = new Map<string, string[]>([
    ['drivers', drivers.map(({ name }) => name)],
    ['series', series.map(({ name }) => name)],
  ]);
  for (const { group, name } of workloads) groups.set(group, [...(groups.get(group) ?? []), name]);
  return [...groups].map(([group, names]) => `${group}: ${names.join(', ')}\n`).join('');
}
