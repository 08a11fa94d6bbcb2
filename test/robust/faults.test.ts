/**
 * Every system call of every operation fails once, and the machine stops at every one of them: what a
 * later mount shows is the state before or after, and a success that was answered stays one. Unless
 * STRATA_FAULTS=all asks for every case, with and without metacopy (half an hour), those are played that change
 * metadata or open for writing, and three that make a name.
 */
import t from 'tap';
import { RealFs } from '../../src/os/real-fs.ts';
import { faultCases } from './fixtures/fault-cases.ts';
import { FaultBench, type How } from './fixtures/fault-bench.ts';

t.setTimeout(1_800_000);
const wanted = process.env.STRATA_CASE;

for (const [label, options] of process.env.STRATA_FAULTS === 'all'
  ? ([
      ['metacopy', {}],
      ['data copies', { metacopy: false }],
    ] as const)
  : ([['metacopy', {}]] as const)) {
  await t.test(label, async (suite) => {
    const bench = await FaultBench.make(new RealFs(), options);
    suite.teardown(() => bench.end());
    for (const one of faultCases) {
      if (wanted !== undefined && !one.name.includes(wanted)) continue;
      if (one.needsMetacopy === true && label !== 'metacopy') continue;
      const isShort =
        label === 'metacopy' &&
        (/^(create in|mkdir over|link of a lower file over) /.test(one.name) ||
          /^(chmod|chown|utimes|setxattr|open) .*lower (file|dir|sym|hard)/.test(one.name));
      if (!isShort && wanted === undefined && process.env.STRATA_FAULTS !== 'all') continue;
      await suite.test(one.name, async (test) => {
        for (const how of ['EIO', 'ENOSPC', 'crash'] satisfies How[]) {
          const { faults, tried } = await bench.play(one, how);
          test.strictSame(faults, [], `${how} at each of ${String(tried)} calls`);
          test.ok(tried > 0, 'a fault was met');
        }
      });
    }
  });
}
