/**
 * Making and removing many small files of the upper. On disk the file system below takes part of the
 * time; in memory what the union adds stands alone.
 */
import { join } from 'node:path';
import { run, timeCommand, timePerl } from '../child.ts';
import type { Fixtures } from '../fixture.ts';
import type { Threshold, Trial, Workload } from '../workload.ts';
import { countEntries } from './entries.ts';
import { expectSame } from './expect.ts';

const writing = {
  group: 'writing',
  unit: 'ms',
  lowers: (fixtures: Fixtures) => fixtures.small(),
} as const;

const untar = {
  ...writing,
  prepare: (trial: Trial) => {
    run(['cat', trial.fixtures.archive(11_000)]);
  },
  run: ({ root, fixtures }: Trial) => {
    const target = join(root, 'directory');
    const archive = fixtures.archive(11_000);
    const took = timeCommand(['tar', '-xf', archive, '-C', target]);
    // Compares size, mode, owner, time and data of every member.
    run(['tar', '-df', archive, '-C', target]);
    expectSame('files', countEntries(target, ['-type', 'f']), fixtures.scaled(11_000));
    return took;
  },
} as const;

const create = `sub create { my ($top, $count) = @_; my $data = 'x' x 4096;
  for (1 .. $count) {
    open my $f, '>', "$top/new-$_" or die "$!";
    syswrite($f, $data) == 4096 or die "$!"; close $f or die "$!";
  }
}`;
const remove =
  'sub remove { my ($top, $count) = @_; for (1 .. $count) { unlink "$top/new-$_" or die "$!" } }';

/** `code` sees `$top` and `$count`; afterwards there must be `left($count)` files. */
function small(count: number, code: string, left: (count: number) => number): (trial: Trial) => number {
  return ({ root, fixtures }) => {
    const top = join(root, 'directory');
    const files = fixtures.scaled(count);
    const took = timePerl(`${create}; ${remove}; my ($top, $count) = @ARGV; ${code}`, [top, String(files)]);
    expectSame('files', countEntries(top, ['-size', '4096c']), left(files));
    return took;
  };
}

const createDelete = {
  ...writing,
  run: small(3_000, 'print stopwatch { create($top, $count); remove($top, $count) }', () => 0),
} as const;

const onDisk: readonly Threshold[] = [{ within: 1.4, peer: 'overlay' }];
const inMemory: readonly Threshold[] = [{ within: 3, peer: 'overlay' }];

export const manyFileWorkloads: readonly Workload[] = [
  { ...untar, name: 'untar', storage: 'disk', thresholds: onDisk },
  { ...untar, name: 'untar-memory', storage: 'memory', thresholds: inMemory },
  {
    ...writing,
    name: 'create-small',
    storage: 'disk',
    quick: true,
    run: small(5_000, 'print stopwatch { create($top, $count) }', (count) => count),
    thresholds: [],
  },
  {
    ...writing,
    name: 'unlink-small',
    storage: 'disk',
    run: small(10_000, 'create($top, $count); print stopwatch { remove($top, $count) }', () => 0),
    thresholds: [],
  },
  { ...createDelete, name: 'create-delete', storage: 'disk', thresholds: inMemory },
  { ...createDelete, name: 'create-delete-memory', storage: 'memory', thresholds: inMemory },
];
