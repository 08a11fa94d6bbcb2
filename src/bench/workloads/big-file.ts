/**
 * Operations on a lower file of 1 GiB that need none of its data. The figure is one system call; a
 * copy of the data would show in it, and is looked for in the upper as well, so that a reflink or a
 * fast disk cannot hide it.
 */
import { run, timePerl } from '../child.ts';
import type { Trial, Workload } from '../workload.ts';

/** Disk space an upper may hold after an operation that copies no data. */
const copiedLimitKiB = 1024;

function operation(code: string): (trial: Trial) => number {
  const script = `
    my $file = "$ARGV[0]/big"; my $other = "$ARGV[0]/other"; my $done;
    lstat $file or die "no $file: $!";
    my $took = stopwatch { $done = ${code} };
    $done or die "$!";
    print $took;`;
  return ({ root, stack, driver }) => {
    const took = timePerl(script, [root]);
    const copied = Number(run(['du', '-sk', stack.upper]).split('\t')[0]);
    if (driver.subject && copied > copiedLimitKiB) throw new Error(`${String(copied)} KiB copied up`);
    return took;
  };
}

function bigFile(name: string, code: string): Workload {
  return {
    name,
    group: 'a lower file of 1 GiB',
    unit: 'ms',
    storage: 'disk',
    lowers: (fixtures) => fixtures.bigFile(),
    run: operation(code),
    thresholds: [{ atMost: 2 }],
  };
}

export const bigFileWorkloads: readonly Workload[] = [
  bigFile('big-unlink', 'unlink $file'),
  bigFile('big-chmod', 'chmod 0600, $file'),
  bigFile('big-truncate', 'sysopen(my $h, $file, 1 | 01000)'),
  bigFile('big-rename', 'rename $file, $other'),
];
