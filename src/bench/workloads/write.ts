/**
 * Writing the data of a file of the upper, by fio. How much of it was written is looked at afterwards.
 */
import { join } from 'node:path';
import { run } from '../child.ts';
import type { Fixtures } from '../fixture.ts';
import type { Workload } from '../workload.ts';
import { fio } from './fio.ts';
import { expectSame } from './expect.ts';

const writing = {
  group: 'writing',
  storage: 'disk',
  needs: ['fio'],
  lowers: (fixtures: Fixtures) => fixtures.small(),
} as const;

export const writes: readonly Workload[] = [
  {
    ...writing,
    name: 'write-fsync',
    unit: 'MiB/s',
    run: ({ root, fixtures }) => {
      const path = join(root, 'written');
      const mebibytes = fixtures.scaled(512);
      const figure = fio('write', 'MiB/s', [
        ...['--rw=write', '--bs=1M', `--size=${String(mebibytes)}M`, '--end_fsync=1', `--filename=${path}`],
      ]);
      expectSame('size', Number(run(['stat', '-c', '%s', path])), mebibytes * 1024 * 1024);
      return figure;
    },
    thresholds: [{ within: 1 / 0.8, peer: 'overlay' }],
  },
  {
    ...writing,
    name: 'write-random-4k',
    unit: 'IOPS',
    prepare: ({ root, fixtures }) => {
      const count = `count=${String(fixtures.scaled(256))}`;
      run(['dd', 'if=/dev/zero', `of=${join(root, 'written')}`, 'bs=1M', count, 'conv=fsync', 'status=none']);
    },
    run: ({ root, fixtures }) => {
      const path = join(root, 'written');
      const figure = fio('write', 'IOPS', [
        ...['--rw=randwrite', '--bs=4k', `--size=${String(fixtures.scaled(256))}M`, `--filename=${path}`],
        ...['--time_based', `--runtime=${String(fixtures.scaled(3_000))}ms`],
      ]);
      // fio writes random bytes over the zeros.
      run(['sh', '-c', '! tr -d "\\\\0" < "$1" | cmp -s - /dev/null', 'sh', path]);
      return figure;
    },
    thresholds: [{ within: 1 / 0.8, peer: 'overlay' }],
  },
];
