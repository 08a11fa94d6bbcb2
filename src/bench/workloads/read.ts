/**
 * Reading the data of a lower file. Again: that the mount shows the file's own bytes is compared before the clock
 * runs, which also brings them into memory. First: the kernel has the layer's pages, the mount has none yet, as when
 * a program starts in a new container of an image that others use.
 */
import { join } from 'node:path';
import { run, timePerl } from '../child.ts';
import type { Fixtures } from '../fixture.ts';
import type { Trial, Workload } from '../workload.ts';
import { fio } from './fio.ts';

const reading = {
  group: 'reading',
  storage: 'disk',
  lowers: (fixtures: Fixtures) => fixtures.readFile(),
  prepare: ({ root, stack }: Trial) => {
    run(['cmp', join(root, 'data'), join(stack.lowers[0] ?? '', 'data')]);
  },
} as const;

function reader(unit: 'IOPS' | 'MiB/s', more: readonly string[]): (trial: Trial) => number {
  return ({ root, fixtures }) =>
    fio('read', unit, [
      ...['--thread', '--numjobs=2', '--group_reporting', '--readonly', ...more],
      ...[`--filename=${join(root, 'data')}`, `--size=${String(fixtures.scaled(256))}M`],
      ...['--time_based', `--runtime=${String(fixtures.scaled(1_000))}ms`],
    ]);
}

/**
 * Every pass maps the file anew, so that every page is faulted in again (PerlIO's layer maps the whole
 * file, shared); copying the bytes out is part of the figure on every driver.
 */
const readMapped = `
my ($path, $passes) = @ARGV; my $size = -s $path; my ($read, $buffer) = (0);
my $took = stopwatch {
  for (1 .. $passes) {
    open my $file, '<:mmap', $path or die "$path: $!\\n";
    while (my $count = read $file, $buffer, 1 << 20) { $read += $count }
  }
};
$size and $read == $passes * $size or die "read $read bytes\\n";
print $took;
`;

const readOnce = `
my ($path) = @ARGV; my $size = -s $path; my ($read, $buffer) = (0);
my $took = stopwatch {
  open my $file, '<', $path or die "$path: $!\\n";
  while (my $count = sysread $file, $buffer, 1 << 17) { $read += $count }
};
$size and $read == $size or die "read $read bytes\\n";
print $took;
`;

export const reads: readonly Workload[] = [
  {
    group: 'reading',
    storage: 'disk',
    name: 'read-first',
    unit: 'ms',
    needs: ['perl'],
    lowers: (fixtures) => fixtures.bigFile(),
    beforeMount: (fixtures) => {
      for (const layer of fixtures.bigFile())
        run(['dd', `if=${join(layer, 'big')}`, 'of=/dev/null', 'bs=1M', 'status=none']);
    },
    run: ({ root }) => timePerl(readOnce, [join(root, 'big')]),
    thresholds: [],
  },
  {
    ...reading,
    name: 'read-sequential',
    unit: 'MiB/s',
    needs: ['fio'],
    run: reader('MiB/s', ['--rw=read', '--bs=128k']),
    thresholds: [{ within: 1 / 0.8, peer: 'overlay' }],
  },
  {
    ...reading,
    name: 'read-random-4k',
    unit: 'IOPS',
    needs: ['fio'],
    quick: true,
    run: reader('IOPS', ['--rw=randread', '--bs=4k']),
    thresholds: [{ within: 1 / 0.9, peer: 'overlay' }],
  },
  {
    ...reading,
    name: 'read-mapped',
    unit: 'ms',
    needs: ['perl'],
    run: ({ root }) => timePerl(readMapped, [join(root, 'data'), '8']),
    thresholds: [],
  },
];
