import { readFileSync } from 'node:fs';
import t from 'tap';
import { findCpuLatency } from '../../src/os/cpu-latency.ts';
import { needs } from '../fixtures/needs.ts';

/** The strongest wish of all processes, in microseconds. */
const strongest = (): number => readFileSync('/dev/cpu_dma_latency').readInt32LE();

t.test('the wish is known to the kernel until it is taken back', needs('root'), (t) => {
  const before = strongest();
  const wish = findCpuLatency();
  t.equal(strongest(), before, 'nothing was wished yet');
  wish?.(true);
  t.equal(strongest(), 0);
  wish?.(false);
  t.equal(strongest(), before);
  t.end();
});
