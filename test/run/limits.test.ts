/** What is asked of a container's limits, what a runtime is told, and what `inspect` shows. */
import { availableParallelism } from 'node:os';
import t from 'tap';
import { accountsSwap } from '../../src/os/control-group.ts';
import { describeLimits, limitResources, parseLimits, type LimitWords } from '../../src/run/limits.ts';

const none = { CpuShares: 0, Memory: 0, NanoCpus: 0, CpusetCpus: '', MemorySwap: 0, PidsLimit: null };

t.test('nothing', (t) => {
  for (const words of [
    {},
    { memory: '0', memorySwap: '0', cpus: '0', cpuShares: '0', cpusetCpus: '', pidsLimit: '-1' },
  ]) {
    const limits = parseLimits(words);
    t.strictSame(limitResources(limits), {});
    t.strictSame(describeLimits(limits), none);
  }
  t.strictSame(describeLimits(undefined), none, 'as of a container that was made before there were any');
  t.end();
});

t.test('each', (t) => {
  const rows: readonly (readonly [LimitWords, resources: object, described: object])[] = [
    [
      { memory: '64m', memorySwap: '64m' },
      { memory: { limit: 2 ** 26, swap: 2 ** 26 } },
      { Memory: 2 ** 26, MemorySwap: 2 ** 26 },
    ],
    [
      { memory: '1g', memorySwap: '-1' },
      { memory: { limit: 2 ** 30, swap: -1 } },
      { Memory: 2 ** 30, MemorySwap: -1 },
    ],
    [
      { memory: '6291456' },
      { memory: { limit: 6291456, ...(accountsSwap() ? { swap: 2 * 6291456 } : {}) } },
      { Memory: 6291456, MemorySwap: 2 * 6291456 },
    ],
    [{ cpus: '.5' }, { cpu: { quota: 50_000, period: 100_000 } }, { NanoCpus: 5e8 }],
    [{ cpus: '0.01' }, { cpu: { quota: 1000, period: 100_000 } }, { NanoCpus: 1e7 }],
    [{ cpuShares: '512' }, { cpu: { shares: 512 } }, { CpuShares: 512 }],
    [{ cpusetCpus: '0-1,3' }, { cpu: { cpus: '0-1,3' } }, { CpusetCpus: '0-1,3' }],
    [{ pidsLimit: '20' }, { pids: { limit: 20 } }, { PidsLimit: 20 }],
  ];
  for (const [words, resources, described] of rows) {
    const limits = parseLimits(words);
    t.strictSame(limitResources(limits), resources);
    t.strictSame(describeLimits(limits), { ...none, ...described });
  }
  t.end();
});

t.test('what cannot be', (t) => {
  const rows: readonly (readonly [LimitWords, RegExp])[] = [
    [{ memory: 'much' }, /--memory much is no size/],
    [{ memory: '-1' }, /--memory -1 is no size/],
    [{ memory: '5m' }, /Minimum memory limit allowed is 6MB/],
    [{ memorySwap: '1g' }, /without --memory/],
    [{ memorySwap: '-1' }, /without --memory/],
    [{ memory: '64m', memorySwap: '32m' }, /should be larger than memory limit/],
    [{ memory: '64m', memorySwap: '-2' }, /--memory-swap -2 is no size/],
    [{ cpus: 'two' }, /--cpus two is no number/],
    [{ cpus: '-1' }, /--cpus -1 is no number/],
    [{ cpus: '0.001' }, /is not from 0.01 to/],
    [{ cpus: String(availableParallelism() + 1) }, /is not from 0.01 to/],
    [{ cpuShares: '-1' }, /--cpu-shares -1 is no number/],
    [{ cpusetCpus: 'all' }, /no list of processors/],
    [{ pidsLimit: '1.5' }, /--pids-limit 1.5 is no number/],
  ];
  for (const [words, message] of rows)
    t.throws(() => parseLimits(words), { code: 'bad-limit', exitCode: 125, message });
  t.end();
});
