/**
 * `strata bench`: measures our mounts beside the kernel's overlayfs and other unions, and says whether they are as
 * fast as they must be.
 */
import { constants } from 'node:os';
import { Command, Option } from 'commander';
import { UserError } from '../../base/user-error.ts';
import { catalogueUrl, loadCatalogue, type Catalogue } from '../../bench/catalogue.ts';
import { compareRuns } from '../../bench/compare.ts';
import { createPlan, type BenchOptions, type Plan } from '../../bench/plan.ts';
import { checkOutput, readRun } from '../../bench/result-file.ts';
import type { BenchRun } from '../../bench/results.ts';
import { runBench } from '../../bench/run-bench.ts';
import { createProgress } from '../bench-progress.ts';
import { outputPaths, writeOutputs, type Outputs } from '../bench-outputs.ts';
import { benchText, changesText } from '../bench-table.ts';

interface Options extends BenchOptions, Outputs {
  readonly scratch: string;
  readonly from?: string;
  readonly compare?: string;
  readonly check?: true;
  readonly list?: true;
}

/** What says how to measure. */
const measuring = ['drivers', 'only', 'rounds', 'lower', 'layers', 'cold', 'quick', 'list'];

/** `catalogue` is the URL of the module that says what can be run. */
export function benchCommand(catalogue: string = catalogueUrl): Command {
  const list = (text: string): string[] => text.split(',').map((name) => name.trim());
  return new Command('bench')
    .description("measures mounts beside the kernel's overlayfs, fuse-overlayfs and others")
    .option('--drivers <list>', 'what to measure (default: all that are there)', list)
    .option('--only <list>', 'names of workloads, groups and series (default: all)', list)
    .option('--rounds <n>', 'trials of each workload on each driver (default: 5)', Number)
    .option('--lower <dir...>', 'layers to use, topmost first, instead of making some')
    .addOption(
      new Option('--layers <n>', 'how many layers to make (default: 5)').argParser(Number).conflicts('lower'),
    )
    .option('--scratch <dir>', 'where to work; layers are kept there', '/var/tmp/strata-bench')
    .option('--cold', 'drop the caches of the whole machine before each trial')
    .option('--json <file>', 'write all figures')
    .option(
      '--report <file>',
      'write a report: with charts in HTML, or in Markdown where its name ends in .md',
    )
    .option('--picture <file>', 'draw how the costs compare, in SVG')
    .addOption(
      new Option('--from <file>', 'measure nothing, and show an earlier run, from its JSON').conflicts(
        measuring,
      ),
    )
    .option('--compare <file>', 'print the change of each median against an earlier run, from its JSON')
    .option('--check', 'exit with 1 when a threshold is missed')
    .option('--quick', 'a look, within 40 seconds')
    .option('--list', 'print the names of all drivers, workloads and series')
    .action(async (options: Options) => {
      const table = await loadCatalogue(catalogue);
      if (options.list === true) process.stdout.write(listText(table));
      else await bench(catalogue, table, options);
    });
}

async function bench(url: string, catalogue: Catalogue, options: Options): Promise<void> {
  const source = options.from === undefined ? createPlan(options, catalogue) : readRun(options.from);
  const earlier = options.compare === undefined ? undefined : readRun(options.compare);
  for (const path of outputPaths(options)) checkOutput(path);
  const run = 'format' in source ? source : await measure(url, source, options.scratch);
  process.stdout.write(benchText(run));
  await writeOutputs(run, options);
  if (earlier !== undefined) process.stdout.write(`\n${changesText(compareRuns(earlier, run))}`);
  const missed = run.workloads.flatMap(({ verdicts }) => verdicts.filter(({ met }) => !met)).length;
  if (options.check === true && missed > 0) {
    throw new UserError('missed-threshold', `${String(missed)} thresholds are missed`, {
      hint: 'see the table',
    });
  }
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
