/**
 * What a mount costs before anybody uses it: the time until it answers, and the memory of its server,
 * fresh and after every entry of a big tree went through it.
 */
import { lstatSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { run, timePerl } from '../child.ts';
import { isWhiteout } from '../fixtures/hidden.ts';
import type { Trial, Workload } from '../workload.ts';
import { countEntries, layerNames } from './entries.ts';
import { expectSame } from './expect.ts';

/** Resident memory of the server in MB (10^6 bytes). Throws where none was found. */
function residentMemory({ servers }: Trial): number {
  if (servers.length === 0) throw new Error('no process was found that serves the mount');
  return servers.reduce((sum, pid) => {
    const status = readFileSync(`/proc/${String(pid)}/status`, 'utf8');
    return sum + (Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024) / 1e6;
  }, 0);
}

const mountAndAsk = `
my ($probe, @command) = @ARGV;
my $took = stopwatch { system { $command[0] } @command; $? == 0 or die "exit $?"; lstat $probe or die "no answer" };
print $took;
`;

/** Mounts a second time, over the same layers and a second upper, and asks for a name of the topmost layer. */
function timeToAnswer({ driver, stack }: Trial): number | undefined {
  const again = {
    ...stack,
    upper: join(stack.scratch, 'upper'),
    work: join(stack.scratch, 'work'),
    mountPoint: join(stack.scratch, 'mnt'),
  };
  run(['mkdir', again.upper, again.work, again.mountPoint]);
  const command = driver.command(again);
  if (command === undefined) return undefined;
  const took = timePerl(mountAndAsk, [join(again.mountPoint, firstName(stack.lowers[0] ?? '')), ...command]);
  run(driver.unmountCommand(again));
  return took;
}

/** A name in `layer` that is no whiteout. Throws where there is none. */
function firstName(layer: string): string {
  const found = readdirSync(layer).find((name) => !isWhiteout(lstatSync(join(layer, name))));
  if (found === undefined) throw new Error(`no names in ${layer}`);
  return found;
}

export const footprints: readonly Workload[] = [
  {
    name: 'memory-fresh',
    group: 'mount',
    unit: 'MB',
    storage: 'disk',
    ofServer: true,
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
    ofServer: true,
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
  {
    name: 'mount-image',
    group: 'mount',
    unit: 'ms',
    storage: 'disk',
    lowers: (fixtures) => fixtures.fiveLayers(),
    run: timeToAnswer,
    thresholds: [{ atMost: 150 }],
  },
];
