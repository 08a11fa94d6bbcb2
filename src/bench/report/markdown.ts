/**
 * A run as tables in Markdown, for a page that lies beside the program: ours, the kernel's overlayfs and fuse-overlayfs, and
 * what that says of the aims. The page may say more, in words: a report takes the place of what stands between two
 * marks, and the rest stays as it is.
 */
import { comparedCost, judgeAims } from '../aims.ts';
import type { BenchRun, Outcome, SeriesResult, WorkloadResult } from '../results.ts';
import { figure } from '../statistics.ts';
import { counterpart } from '../verdict.ts';
import { leftOutText } from './left-out.ts';
import { roundsText } from './rounds.ts';

const subject = 'strata';
const peers = ['overlay', 'fuse-overlayfs'] as const;
const shown = [subject, ...peers];
/** Between them stands the report. */
export const marks = ['<!-- figures -->', '<!-- end of figures -->'] as const;
const [begin, end] = marks;
const absent = '-';

/** Whether there is a place for a report in a page. */
export function hasMarks(page: string): boolean {
  const before = page.indexOf(begin);
  return before !== -1 && page.indexOf(end) > before;
}

/** `old` with a report of `run` between its marks, or a page of its own where there are none. `picture`: a path from the page. */
export function placeReport(run: BenchRun, old: string, picture?: string): string {
  const report = `${begin}\n\n${reportMarkdown(run, picture)}\n${end}`;
  if (!hasMarks(old)) return `# How fast it was\n\n${report}\n`;
  return old.slice(0, old.indexOf(begin)) + report + old.slice(old.indexOf(end) + end.length);
}

/** `picture`: the path of one that goes with it. */
export function reportMarkdown(run: BenchRun, picture?: string): string {
  const groups = [...new Set(run.workloads.map(({ group }) => group))];
  return [
    introduction(run),
    picture === undefined ? [] : `![cost relative to the kernel's overlayfs](${picture})`,
    groups.map((group) => groupTable(run, group)),
    mountTable(run),
    run.series.map(seriesTable),
    section('Failed trials', failures(run)),
    section('Not measured', leftOut(run)),
    aimTable(run),
  ]
    .flat()
    .filter((part) => part !== '')
    .join('\n\n')
    .concat('\n');
}

function introduction(run: BenchRun): string {
  const { cpu, cpus, memoryMiB, kernel, node, virtualization, scratch } = run.machine;
  const machine = [
    `${virtualization === 'none' ? 'a machine' : 'a virtual machine'} with ${String(cpus)} processors (${cpu})`,
    ...[`${(memoryMiB / 1024).toFixed(0)} GiB`, `Linux ${kernel}`, `Node ${node.replace(/^v/, '')}`],
    /\((.*)\)$/.exec(scratch)?.[1] ?? scratch,
  ];
  const rival = run.drivers.find(({ name, leftOut }) => name === peers[1] && leftOut === undefined);
  const beside = [
    ...(rival === undefined ? [] : [`fuse-overlayfs ${rival.version}`]),
    "the kernel's overlayfs with the options that write the same format",
  ];
  return [
    `Measured by \`strata bench\` ([how it measures](benchmarking.md)) on ${machine.join(', ')}, on`,
    `${run.date.slice(0, 10)}, beside ${beside.join(' and ')}. Medians of ${roundsText(run)}. The last two`,
    'columns are the cost relative to the peer: below 1 is better than it.',
  ].join('\n');
}

function groupTable(run: BenchRun, group: string): string {
  const rows = run.workloads
    .filter((workload) => workload.group === group && workload.leftOut === undefined)
    .map((workload) => [
      ...[workload.name, workload.unit, cellOf(workload.outcomes[ownName(run, workload)])],
      ...peers.map((peer) => cellOf(workload.outcomes[peer])),
      ...peers.map((peer) => numberText(comparedCost(run, workload, peer))),
    ]);
  const heads = ['workload', 'unit', ...shown, ...peers.map((peer) => `to ${peer}`)];
  return section(`${group.charAt(0).toUpperCase()}${group.slice(1)}`, table(heads, rows, 2));
}

/** The driver of ours that stands in the table: where copies are not synced, the variant that does not either. */
function ownName(run: BenchRun, workload: WorkloadResult): string {
  const own = run.drivers.find(({ name }) => name === subject);
  const { durability = 'default' } = workload;
  if (own === undefined) return subject;
  return counterpart(own, { ...own, durability }, workload, run.drivers) ?? subject;
}

/** Of the group mount, what all drivers need: the others have no tables, and this is where they differ most. */
function mountTable(run: BenchRun): string {
  const workloads = run.workloads.filter(({ group, unit }) => group === 'mount' && unit === 'ms');
  const names = run.drivers
    .filter(
      ({ name, variantOf }) =>
        variantOf === undefined && workloads.some(({ outcomes }) => hasFigures(outcomes[name])),
    )
    .map(({ name }) => name);
  if (names.every((name) => shown.includes(name))) return '';
  const rows = workloads.map(({ name, outcomes }) => [
    name,
    ...names.map((driver) => cellOf(outcomes[driver])),
  ]);
  return section('A mount, or a tree without one (ms)', table(['workload', ...names], rows, 1));
}

function seriesTable({ title, xTitle, unit, points }: SeriesResult): string {
  const names = shown.filter((name) => points.some(({ outcomes }) => hasFigures(outcomes[name])));
  const rows = points.map(({ x, outcomes }) => [String(x), ...names.map((name) => cellOf(outcomes[name]))]);
  return rows.length === 0 ? '' : section(`${title} (${unit})`, table([xTitle, ...names], rows, 0));
}

function hasFigures(outcome: Outcome | undefined): boolean {
  return outcome !== undefined && outcome.figures.length > 0;
}

function failures({ workloads, series }: BenchRun): string {
  const places = [
    ...workloads,
    ...series.flatMap(({ name, points }) =>
      points.map(({ x, outcomes }) => ({ name: `${name}-${String(x)}`, outcomes })),
    ),
  ];
  return places
    .flatMap(({ name, outcomes }) =>
      Object.entries(outcomes).flatMap(([driver, { errors }]) =>
        errors.map((error) => `- ${name} on ${driver}: ${error.replaceAll(/\s+/g, ' ')}`),
      ),
    )
    .join('\n');
}

function leftOut({ drivers, workloads, series }: BenchRun): string {
  return [...drivers, ...workloads, ...series]
    .flatMap(({ name, leftOut }) => (leftOut === undefined ? [] : `- ${name}: ${leftOutText(leftOut)}`))
    .join('\n');
}

function aimTable(run: BenchRun): string {
  const rows = judgeAims(run).map(({ aim, found: { met, text } }) => [
    aim,
    met ? `met: ${text}` : `**missed**: ${text}`,
  ]);
  return rows.length === 0 ? '' : `## Against the aims\n\n${table(['aim', 'found'], rows, 2)}`;
}

function section(title: string, text: string): string {
  return text === '' ? '' : `### ${title}\n\n${text}`;
}

/** The first `texts` columns hold words, the others numbers. */
function table(heads: readonly string[], rows: readonly (readonly string[])[], texts: number): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(escaped).join(' | ')} |`;
  const rule = `|${heads.map((_, column) => (column < texts ? '---' : '---:')).join('|')}|`;
  return [line(heads), rule, ...rows.map(line)].join('\n');
}

function escaped(text: string): string {
  return text.replaceAll('|', '\\|');
}

/** A median; of trials of which one has failed, that. */
function cellOf(outcome: Outcome | undefined): string {
  if (outcome === undefined) return absent;
  return outcome.errors.length > 0 ? 'failed' : numberText(figure(outcome));
}

/** Three digits that count, and no more than two behind the point. */
function numberText(value: number | undefined): string {
  if (value === undefined) return absent;
  // Rounded first: 99.96 is 100.
  if (value >= 99.95) return value.toFixed(0);
  return value >= 9.995 ? value.toFixed(1) : value.toFixed(2);
}
