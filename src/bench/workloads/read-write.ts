/**
 * File data by fio: reading a lower file that is in memory already, and writing files of the upper.
 * fio must not drop the page cache itself (`invalidate=0`), or a warm read measures the disk.
 */
import { join } from 'node:path';
import { run } from '../child.ts';
import type { Fixtures } from '../fixture.ts';
import type { Trial, Unit, Workload } from '../workload.ts';

const common = ['--name=x', '--invalidate=0', '--fallocate=none', '--norandommap', '--output-format=json'];
const readers = [...common, '--ioengine=psync', '--thread', '--numjobs=2', '--group_reporting'];

interface Direction {
  readonly iops: number;
  /** Bytes per second. */
  readonly bw_bytes: number;
  /** Milliseconds. */
  readonly runtime: number;
}

interface FioReport {
  readonly jobs: readonly {
    readonly read: Direction;
    readonly write: Direction;
    readonly job_runtime: number;
  }[];
}

function fio(direction: 'read' | 'write', unit: Unit, args: readonly string[]): number {
  const text = run(['fio', ...args]);
  const report = JSON.parse(text.slice(text.indexOf('{'))) as FioReport;
  const job = report.jobs[0];
  if (job === undefined) throw new Error('fio reported no job');
  return unit === 'IOPS' ? job[direction].iops : job[direction].bw_bytes / (1024 * 1024);
}

const reading = {
  group: 'read, warm, 2 threads',
  storage: 'disk',
  lowers: (fixtures: Fixtures) => fixtures.readFile(),
  prepare: ({ root }: Trial) => {
    run(['cat', join(root, 'data')], {});
  },
} as const;

const writing = {
  group: 'write',
  storage: 'disk',
  lowers: (fixtures: Fixtures) => fixtures.small(),
} as const;

function reader(unit: Unit, more: readonly string[]): (trial: Trial) => number {
  return ({ root }) =>
    fio('read', unit, [
      ...readers,
      ...more,
      `--filename=${join(root, 'data')}`,
      '--size=256M',
      '--time_based',
      '--runtime=3',
      '--readonly',
    ]);
}

export const dataWorkloads: readonly Workload[] = [
  {
    ...reading,
    name: 'read-sequential',
    unit: 'MiB/s',
    run: reader('MiB/s', ['--rw=read', '--bs=128k']),
    thresholds: [{ within: 1 / 0.8, peer: 'overlay' }],
  },
  {
    ...reading,
    name: 'read-random-4k',
    unit: 'IOPS',
    run: reader('IOPS', ['--rw=randread', '--bs=4k']),
    thresholds: [{ within: 1 / 0.9, peer: 'overlay' }],
  },
  {
    ...writing,
    name: 'write-fsync',
    unit: 'MiB/s',
    run: ({ root }) =>
      fio('write', 'MiB/s', [
        ...[...common, '--ioengine=psync', '--rw=write', '--bs=1M', '--size=512M', '--end_fsync=1'],
        `--filename=${join(root, 'written')}`,
      ]),
    thresholds: [{ within: 1 / 0.8, peer: 'overlay' }],
  },
  {
    ...writing,
    name: 'write-random-4k',
    unit: 'IOPS',
    prepare: ({ root }) => {
      run([
        'dd',
        'if=/dev/zero',
        `of=${join(root, 'written')}`,
        'bs=1M',
        'count=256',
        'conv=fsync',
        'status=none',
      ]);
    },
    run: ({ root }) =>
      fio('write', 'IOPS', [
        ...[...common, '--ioengine=psync', '--rw=randwrite', '--bs=4k', '--size=256M'],
        ...['--time_based', '--runtime=3', `--filename=${join(root, 'written')}`],
      ]),
    thresholds: [{ within: 1 / 0.8, peer: 'overlay' }],
  },
];
