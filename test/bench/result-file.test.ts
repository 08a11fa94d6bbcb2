import { writeFileSync } from 'node:fs';
import t from 'tap';
import { readRun } from '../../src/bench/result-file.ts';
import { makeScratch } from '../fixtures/mount.ts';
import { benchRun } from './fixtures/bench-run.ts';

t.test('what was written is read', async (t) => {
  const path = `${makeScratch(t).path}/run.json`;
  const run = benchRun();
  writeFileSync(path, JSON.stringify(run));
  t.strictSame(readRun(path), run);
});

t.test('what is no run is refused, however much of one it has', async (t) => {
  const path = `${makeScratch(t).path}/run.json`;
  const run = benchRun();
  const [workload] = run.workloads;
  const cases: readonly unknown[] = [
    null,
    [],
    'run',
    {},
    { format: 1, workloads: [] },
    { ...run, format: 2 },
    { ...run, drivers: undefined },
    { ...run, date: 'yesterday' },
    { ...run, workloads: [null] },
    { ...run, workloads: [{ ...workload, unit: 'miles' }] },
    { ...run, workloads: [{ ...workload, outcomes: { strata: { figures: [null], errors: [] } } }] },
    { ...run, series: [{ name: 'layers' }] },
  ];
  for (const one of cases) {
    const text = JSON.stringify(one);
    writeFileSync(path, text);
    t.throws(() => readRun(path), { name: 'UserError', code: 'bad-run' }, text.slice(0, 60));
  }
});
