/**
 * Cost of the first write to a lower file against its size: one byte, with the open before and the close after it.
 */
import { join } from 'node:path';
import { timePerl } from '../child.ts';
import { atSize, type Series } from './series.ts';

const kibibyte = 1024;
const step = 16;

const write = `
my ($file, $size) = @ARGV;
my $took = stopwatch {
  open my $f, '+<', $file or die "open: $!";
  syswrite($f, 'x') == 1 or die "write: $!";
  close $f or die "close: $!";
};
-s $file == $size or die "the file has another size now";
print $took;
`;

export const copyUpSeries: Series = {
  name: 'copy-up',
  title: 'First write of one byte to a lower file',
  xTitle: 'bytes',
  unit: 'ms',
  // 4 KiB to 4 GiB.
  sizes: [0, 1, 2, 3, 4, 5].map((power) => 4 * kibibyte * step ** power),
  quickSizes: [0, 2].map((power) => 4 * kibibyte * step ** power),
  withVolatile: true,
  at: (bytes) => ({
    ...atSize('copy-up', bytes),
    unit: 'ms',
    lowers: (fixtures) => fixtures.fileOf(bytes),
    run: ({ root }) => timePerl(write, [join(root, 'file'), String(bytes)]),
  }),
};
