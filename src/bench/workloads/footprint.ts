/**
 * What a mount costs before anybody uses it: the time until it answers, and the memory of its server,
 * fresh and after every entry of a big tree went through it.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { run, timePerl } from '../child.ts';
import type { Trial, Workload } from '../workload.ts';
import { countEntries, layerNames } from './entries.ts';
import { expectSame } from './expect.ts';

/** Resident memory of the server in MB (10^6 bytes), undefined where the kernel is the server. */
function residentMemory({ servers }: Trial): number | undefined {
  if (servers.length === 0) return undefined;
  return servers.reduce((sum, pid) => {
    const status = readFileSync(`/proc/${String(pid)}/status`, 'utf8');
    return sum + (Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024) / 1e6;
  }, 0);
}

/** Mounts a second time, over the same layers and a second upper, and asks for a file. */
const mountAndAsk = `
my ($probe, @command) = @ARGV;
my $answered;
my $took = stopwatch { system { $command[0] } @command; $? == 0 or die "exit $?"; $answered = lstat $probe };
system 'umount', $command[-1];
$answered or die "no answer";
print $took;
`;

function timeToAnswer({ driver, stack }: Trial): number | undefined {
  const again = {
    ...stack,
    upper: join(stack.scratch, 'upper'),
    work: join(stack.scratch, 'work'),
    mountPoint: join(stack.scratch, 'mnt'),
  };
  run(['mkdir', again.upper, again.work, again.mountPoint]);
  const command = driver.command(again);
  return command && timePerl(mountAndAsk, [join(again.mountPoint, 'probe'), ...command]);
}

export const footprints: readonly Workload[] = [
  {
    name: 'memory-fresh',
    group: 'mount',
    unit: 'MB',
    storage: 'disk',
    lowers: (fixtures) => fixtures.small(),
    prepare: ({ root }) => {
      expectSame('entries', countEntries(root), 2);
    },
    run: residentMemory,
    thresholds: [{ atMost: 70 }],
  },
  {
    name: 'memory-walked',
    group: 'mount',
    unit: 'MB',
    storage: 'disk',
    lowers: (fixtures) => fixtures.hugeTree(),
    prepare: ({ root, stack }) => {
      expectSame('entries', countEntries(root, ['!', '-size', '+1000G']), layerNames(stack.lowers).length);
    },
    run: residentMemory,
    thresholds: [{ atMost: 150 }],
  },
  {
    name: 'mount',
    group: 'mount',
    unit: 'ms',
    storage: 'disk',
    lowers: (fixtures) => fixtures.small(),
    run: timeToAnswer,
    thresholds: [{ atMost: 150 }],
  },
];
