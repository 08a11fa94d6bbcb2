/**
 * One job of fio(1). It must not drop the page cache itself (`invalidate=0`), or a warm read measures
 * the disk.
 */
import { run } from '../child.ts';

interface Direction {
  readonly iops: number;
  /** Bytes per second. */
  readonly bw_bytes: number;
  readonly total_ios: number;
}

interface FioReport {
  readonly jobs: readonly {
    readonly error: number;
    readonly read: Direction;
    readonly write: Direction;
  }[];
}

const common = [
  ...['--name=x', '--ioengine=psync', '--invalidate=0', '--fallocate=none', '--norandommap'],
  '--output-format=json',
];

/** Operations or MiB per second of a job; throws when it failed or did nothing. */
export function fio(direction: 'read' | 'write', unit: 'IOPS' | 'MiB/s', args: readonly string[]): number {
  const text = run(['fio', ...common, ...args]);
  const job = (JSON.parse(text.slice(text.indexOf('{'))) as FioReport).jobs[0];
  if (job === undefined) throw new Error('fio reported no job');
  if (job.error !== 0 || job[direction].total_ios === 0) throw new Error(`fio: error ${String(job.error)}`);
  return unit === 'IOPS' ? job[direction].iops : job[direction].bw_bytes / (1024 * 1024);
}
