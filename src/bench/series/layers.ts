/**
 * Cost against the number of layers, of names that only the lowest layer has: a first name in each of 100 directories
 * of a mount that has answered nothing yet, then further names in the same directories, which are used by then.
 */
import { join } from 'node:path';
import { run, timePerl } from '../child.ts';
import { deepDirectories, deepNames, deepestStack } from '../fixtures/deep-layers.ts';
import { atSize, type Series } from './series.ts';

/** Arguments: the root, the first name and how many. */
const ask = `
my ($root, $first, $count) = @ARGV;
my @paths;
for my $d (0 .. ${String(deepDirectories - 1)}) {
  push @paths, map { "$root/directory-$d/name-$_" } $first .. $first + $count - 1;
}
my $missing = 0;
my $took = stopwatch { for my $path (@paths) { $missing++ unless lstat $path } };
die "$missing missing" if $missing;
print $took;
`;

const layers = {
  xTitle: 'layers',
  unit: 'ms',
  sizes: [1, 2, 4, 8, 16, 32, 64, deepestStack],
  quickSizes: [1, 8, 64],
} as const;

export const layerSeries: readonly Series[] = [
  {
    ...layers,
    name: 'layers-first',
    title: `First lookups in a fresh mount: a name of the lowest layer in each of ${String(deepDirectories)} directories`,
    at: (count) => ({
      ...atSize('layers-first', count),
      unit: layers.unit,
      lowers: (fixtures) => fixtures.deepLayers(count),
      // The layers' own inodes are in memory: what the union adds is looked for, not the speed of the disk.
      beforeMount: (fixtures) => {
        run(['find', ...fixtures.deepLayers(count), '-size', '+1000G']);
      },
      run: ({ root }) => timePerl(ask, [root, '0', '1']),
    }),
  },
  {
    ...layers,
    name: 'layers-again',
    title: `Lookups in used directories: ${String(deepDirectories * (deepNames - 1))} further names of the lowest layer`,
    at: (count) => ({
      ...atSize('layers-again', count),
      unit: layers.unit,
      lowers: (fixtures) => fixtures.deepLayers(count),
      prepare: ({ root }) => {
        timePerl(ask, [root, '0', '1']);
        run(['find', join(root, 'directory-0'), '-size', '+1000G']);
      },
      run: ({ root }) => timePerl(ask, [root, '1', String(deepNames - 1)]),
    }),
  },
];
