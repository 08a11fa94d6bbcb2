/**
 * Walking a tree with a stat of every entry. First means a mount that has answered nothing yet, over
 * layers whose own inodes and pages the kernel already has: that isolates what the union adds. Cold
 * means that nobody has anything.
 */
import { run, timePerl } from '../child.ts';
import type { Fixtures } from '../fixture.ts';
import type { Trial, Workload } from '../workload.ts';
import { countEntries, countTopmost, layerNames } from './entries.ts';
import { expectAtLeast, expectSame } from './expect.ts';
import { timeOutput } from './time-output.ts';

/** No file is that big, so every entry is asked for its size, and leaves one byte. */
const visit = (root: string): string[] => [
  ...['find', root, '-mindepth', '1'],
  ...['!', '-size', '+1000G', '-printf', '.'],
];

const tree = {
  group: 'metadata',
  unit: 'ms',
  storage: 'disk',
  lowers: (fixtures: Fixtures) => fixtures.fiveLayers(),
  beforeMount: (fixtures: Fixtures) => {
    for (const layer of fixtures.fiveLayers()) run(visit(layer));
  },
} as const;

const walk = {
  ...tree,
  run: (trial: Trial) => {
    const { ms, output } = timeOutput(visit(trial.root));
    expectAll(trial, output.length);
    return ms;
  },
} as const;

function listLong(trial: Trial): number {
  const { ms, output } = timeOutput(['ls', '-AlR', trial.root]);
  // A line of an entry begins with its type and mode.
  expectAll(trial, output.match(/^[-bcdlps][-rwxsStT]{9}/gm)?.length ?? 0);
  return ms;
}

function expectAll({ root, stack }: Trial, seen: number): void {
  expectAtLeast('entries', seen, countTopmost(stack.lowers));
  expectSame('entries', seen, countEntries(root));
}

/** Two processes, which begin at both ends of one list and meet in the middle; each tells how many it found. */
const statHalves = `
my ($root, $least) = @ARGV; local $/ = "\\0"; chomp(my @names = <STDIN>);
pipe my $from, my $to or die "$!";
my $took = stopwatch {
  for my $half (0, 1) {
    my $pid = fork // die "$!"; next if $pid;
    my $found = 0;
    for my $at (0 .. $#names / 2) { lstat "$root/" . $names[$half ? -1 - $at : $at] and $found++ }
    syswrite $to, pack 'L', $found; exit 0;
  }
  1 while wait != -1;
};
sysread $from, my $counts, 8; my ($first, $second) = unpack 'LL', $counts;
$first + $second >= $least or die "found $first and $second names, not $least\\n";
print $took;
`;

function statParallel({ root, stack }: Trial): number {
  const names = layerNames(stack.lowers);
  const least = countTopmost(stack.lowers);
  return timePerl(statHalves, [root, String(least)], { input: names.join('\0') });
}

export const walks: readonly Workload[] = [
  {
    ...walk,
    name: 'walk-first',
    quick: true,
    thresholds: [{ timesAsFast: 2.5, peer: 'fuse-overlayfs' }],
  },
  {
    ...walk,
    name: 'walk-again',
    quick: true,
    prepare: ({ root }) => {
      for (let i = 0; i < 2; i++) run(visit(root));
    },
    thresholds: [{ within: 1.15, peer: 'overlay' }],
  },
  { ...walk, name: 'walk-cold', cold: true, thresholds: [] },
  { ...tree, name: 'ls-long', run: listLong, thresholds: [] },
  { ...tree, name: 'stat-parallel', run: statParallel, thresholds: [] },
];
