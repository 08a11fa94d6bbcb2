import { readFileSync } from 'node:fs';
import t from 'tap';
import { divideWish, findCpuLatency } from '../../src/os/cpu-latency.ts';
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

t.test('a wish that is divided holds as long as anybody has it', (t) => {
  const told: boolean[] = [];
  const next = divideWish((wanted) => told.push(wanted));
  const [one, two] = [next(), next()];
  one(false);
  one(true);
  two(true);
  one(true);
  one(false);
  one(false);
  t.strictSame(told, [true]);
  two(false);
  t.strictSame(told, [true, false]);
  t.end();
});
