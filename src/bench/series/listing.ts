/**
 * Cost of listing a directory against the number of its entries, half of them in each of two layers.
 */
import { join } from 'node:path';
import { timePerl } from '../child.ts';
import { atSize, type Series } from './series.ts';

const list = `
my ($directory, $expected) = @ARGV;
my $count = 0;
my $took = stopwatch { opendir my $d, $directory or die "$!"; $count++ while defined readdir $d };
$count == $expected + 2 or die "$count entries";
print $took;
`;

export const listingSeries: Series = {
  name: 'listing',
  title: 'Listing a directory that two layers share, in a fresh mount',
  xTitle: 'entries',
  unit: 'ms',
  sizes: [100, 1_000, 10_000, 50_000, 200_000],
  quickSizes: [100, 10_000],
  at: (entries) => ({
    ...atSize('listing', entries),
    unit: 'ms',
    lowers: (fixtures) => fixtures.listing(entries),
    run: ({ root }) => timePerl(list, [join(root, 'directory'), String(entries)]),
  }),
};
