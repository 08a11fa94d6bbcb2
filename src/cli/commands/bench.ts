/**
 * `strata bench`: measures our mounts beside the kernel's overlayfs and other unions, and says whether they are as
 * fast as they must be.
 */
import { Command, Option } from 'commander';
import type { Options } from '../bench.ts';

/** What says how to measure. */
const measuring = ['drivers', 'only', 'rounds', 'lower', 'layers', 'cold', 'quick', 'list'];

/** `catalogue`: the URL of the module that says what can be run. */
export function benchCommand(catalogue?: string): Command {
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
      const { bench } = await import('../bench.ts');
      await bench(options, catalogue);
    });
}
