/**
 * Reading a whole tree of small files as a backup does. First means that the mount has answered nothing
 * yet while the kernel has the layer's pages; cold means that nobody has anything.
 */
import { run } from '../child.ts';
import type { Fixtures } from '../fixture.ts';
import type { Trial, Workload } from '../workload.ts';
import { expectAtLeast, expectSame } from './expect.ts';
import { timeOutput } from './time-output.ts';

/** Into a pipe: tar reads no data when its archive is /dev/null. */
const pack = (root: string): string[] => ['sh', '-c', 'set -e; tar -C "$1" -cf - . | wc -c', 'sh', root];

const archive = {
  group: 'reading',
  unit: 'ms',
  storage: 'disk',
  lowers: (fixtures: Fixtures) => fixtures.manyFiles(),
  beforeMount: (fixtures: Fixtures) => {
    for (const layer of fixtures.manyFiles()) run(pack(layer));
  },
  run: ({ root, stack, fixtures }: Trial) => {
    const { ms, output } = timeOutput(pack(root));
    expectSame('bytes', output, run(pack(stack.lowers[0] ?? '')));
    // An archive of nothing is as long as another one of nothing.
    expectAtLeast('bytes', Number(output), fixtures.scaled(7_000) * 512);
    return ms;
  },
} as const;

export const archives: readonly Workload[] = [
  { ...archive, name: 'tar-first', thresholds: [] },
  {
    ...archive,
    name: 'tar-again',
    prepare: ({ root }) => {
      run(pack(root));
    },
    thresholds: [],
  },
  { ...archive, name: 'tar-cold', cold: true, thresholds: [] },
];
