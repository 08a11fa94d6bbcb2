/**
 * Asking for names that no layer has, which is what search paths (PATH, PYTHONPATH, node_modules) do
 * all day: 1,000 names in each of 20 directories, each of them merged from five layers. Every trial asks
 * for names of its own: the kernel remembers below, too, what the layers do not have.
 */
import { timePerl } from '../child.ts';
import type { Fixtures } from '../fixture.ts';
import type { Trial, Workload } from '../workload.ts';

/** The directories must be there, and the answer must be that the name is not. */
const ask = `
use Errno 'ENOENT';
my ($root, $count, $before) = @ARGV;
my @names; for my $d (0 .. 19) { push @names, "$root/directory-$d/absent-$$-$_" for 1 .. $count }
my $absent = 0;
my $pass = sub { for my $name (@names) { $absent++ if !lstat $name and $! == ENOENT } };
lstat "$root/directory-$_" or die "no directory-$_\\n" for 0 .. 19;
$pass->() if $before;
$absent = 0;
my $took = stopwatch { $pass->() };
die "$absent of " . @names . " names absent\\n" if $absent != @names;
print $took;
`;

const lookup = {
  group: 'metadata',
  unit: 'ms',
  storage: 'disk',
  quick: true,
  lowers: (fixtures: Fixtures) => fixtures.missLayers(),
} as const;

function askOnce(again: boolean): (trial: Trial) => number {
  return ({ root, fixtures }) => timePerl(ask, [root, String(fixtures.scaled(1_000)), again ? '1' : '0']);
}

export const lookups: readonly Workload[] = [
  {
    ...lookup,
    name: 'absent-first',
    run: askOnce(false),
    thresholds: [{ within: 1.5, peer: 'overlay' }],
  },
  {
    ...lookup,
    name: 'absent-again',
    run: askOnce(true),
    thresholds: [{ within: 1.15, peer: 'overlay' }],
  },
];
