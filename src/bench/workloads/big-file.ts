/**
 * Operations on a lower file of 1 GiB. All but the first write need none of its data: the figure is one
 * system call. A copy of the data would show in it, and is looked for in the upper as well, so that a
 * reflink or a fast disk cannot hide it.
 */
import { run, timePerl } from '../child.ts';
import type { Trial, Workload } from '../workload.ts';

/** Disk space an upper may hold after an operation that copies no data. */
const copiedLimitKiB = 1024;

interface Operation {
  /** Perl that is true when it has worked; `$file` is there, `$other` is not. */
  readonly code: string;
  /** Perl that is true when the mount shows the result; `$size` is what `$file` had. */
  readonly done: string;
}

/** Takes the time of `code`, and throws unless the mount shows what it did. */
function operate({ code, done }: Operation): (trial: Trial) => number {
  const script = `
    my ($file, $other) = ("$ARGV[0]/big", "$ARGV[0]/other"); my $worked;
    lstat $file or die "no $file: $!";
    my $size = -s _;
    my $took = stopwatch { $worked = ${code} };
    $worked or die "$!";
    ${done} or die "not done\\n";
    print $took;`;
  return ({ root }) => timePerl(script, [root]);
}

const bigFile = {
  group: 'copy-on-write',
  unit: 'ms',
  storage: 'disk',
  lowers: (fixtures) => fixtures.bigFile(),
} as const satisfies Partial<Workload>;

/** One that must not copy the data. */
function withoutData(name: string, operation: Operation): Workload {
  const time = operate(operation);
  return {
    ...bigFile,
    name,
    run: (trial) => {
      const took = time(trial);
      const copied = Number(run(['du', '-sk', trial.stack.upper]).split('\t')[0]);
      if (trial.driver.subject && copied > copiedLimitKiB) throw new Error(`${String(copied)} KiB copied up`);
      return took;
    },
    thresholds: [{ atMost: 2 }],
  };
}

/** One byte in the middle: the whole file is copied up unless the union can do with less. */
const firstWrite = {
  ...bigFile,
  run: (trial: Trial) => {
    const took = operate({
      code: `do {
        open my $f, '+<', $file or die "$!";
        sysseek $f, $size / 2, 0; syswrite $f, 'x' and close $f }`,
      done: `do {
        open my $f, '<', $file; sysseek $f, $size / 2, 0; sysread $f, my $byte, 1; $byte eq 'x' && -s $file == $size }`,
    })(trial);
    const lower = `${trial.stack.lowers[0] ?? ''}/big`;
    // Its own byte may have been an x as well.
    const differing = run(['sh', '-c', 'cmp -l "$1" "$2" | wc -l', 'sh', lower, `${trial.root}/big`]);
    if (Number(differing) > 1) throw new Error(`${differing.trim()} bytes differ`);
    return took;
  },
  thresholds: [],
} as const;

export const bigFileWorkloads: readonly Workload[] = [
  { ...firstWrite, name: 'big-write', durability: 'default' },
  { ...firstWrite, name: 'big-write-volatile', durability: 'volatile' },
  withoutData('big-truncate', { code: 'sysopen(my $h, $file, 1 | 01000)', done: '-e $file && -z _' }),
  withoutData('big-chmod', { code: 'chmod 0600, $file', done: '((lstat $file)[2] & 07777) == 0600' }),
  withoutData('big-rename', { code: 'rename $file, $other', done: '!-e $file && -s $other == $size' }),
  withoutData('big-unlink', { code: 'unlink $file', done: '!-e $file' }),
];
