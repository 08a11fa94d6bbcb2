/**
 * Asking for names that no layer has, which is what search paths (PATH, PYTHONPATH, node_modules) do
 * all day: 1,000 names in each of 20 directories, each of them merged from five layers. Every trial asks
 * for names of its own: the kernel remembers below, too, what the layers do not have.
 */
import { timePerl } from '../child.ts';
import type { Fixtures } from '../fixture.ts';
import type { Trial, Workload } from '../workload.ts';

const ask = `
my @names; for my $d (0 .. 19) { push @names, "$ARGV[0]/directory-$d/absent-$$-$_" for 0 .. 999 }
my $found = 0;
my $pass = sub { for my $name (@names) { $found++ if -e $name } };
lstat "$ARGV[0]/directory-$_" for 0 .. 19;
$pass->() if $ARGV[1];
my $took = stopwatch { $pass->() };
die "found $found" if $found;
print $took;
`;

const lookup = {
  group: '20,000 absent names in 5 layers',
  unit: 'ms',
  storage: 'disk',
  lowers: (fixtures: Fixtures) => fixtures.missLayers(),
} as const;

export const lookups: readonly Workload[] = [
  {
    ...lookup,
    name: 'absent-first',
    run: ({ root }: Trial) => timePerl(ask, [root, '0']),
    thresholds: [{ within: 1.5, peer: 'overlay' }],
  },
  {
    ...lookup,
    name: 'absent-again',
    run: ({ root }: Trial) => timePerl(ask, [root, '1']),
    thresholds: [{ within: 1.15, peer: 'overlay' }],
  },
];
