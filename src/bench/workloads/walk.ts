/**
 * Walking a tree with a stat of every entry. Cold means a mount that has answered nothing yet, over
 * layers whose own inodes and pages the kernel already has: that isolates what the union adds.
 */
import { run, timeCommand } from '../child.ts';
import type { Fixtures } from '../fixture.ts';
import type { Trial, Workload } from '../workload.ts';

/** A size that no file has, so that every entry is visited and none printed. */
const visit = (root: string): string[] => ['find', root, '-size', '+1000G'];

const walk = {
  group: 'walk 20,000 entries in 5 layers',
  unit: 'ms',
  storage: 'disk',
  lowers: (fixtures: Fixtures) => fixtures.fiveLayers(),
  beforeMount: (fixtures: Fixtures) => {
    for (const layer of fixtures.fiveLayers()) run(visit(layer));
  },
  run: ({ root }: Trial) => timeCommand(visit(root)),
} as const;

export const walks: readonly Workload[] = [
  { ...walk, name: 'find-cold', thresholds: [{ timesAsFast: 2.5, peer: 'fuse-overlayfs' }] },
  {
    ...walk,
    name: 'find-warm',
    prepare: ({ root }) => {
      for (let i = 0; i < 2; i++) run(visit(root));
    },
    thresholds: [{ within: 1.15, peer: 'overlay' }],
  },
];
