/**
 * Every workload but the jobs once, on little: it must do its work and find that it has done it, and it must
 * fail where nothing was done.
 */
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { workloads } from '../../src/bench/workloads/table.ts';
import { needs } from '../fixtures/needs.ts';
import { makeBench } from './fixtures/trial.ts';

const small = workloads.filter(({ name, group }) => group !== 'jobs' || name.startsWith('git-commit'));

/** The others do their work in Perl, whose own checks are part of what is measured. */
const byPrograms = small.filter(({ name }) =>
  /^(walk|ls|tar|read-(seq|rand)|write|untar|ch|remove|rename|git)/.test(name),
);

t.test('names are unique, and a group stands together', async (t) => {
  const names = workloads.map(({ name }) => name);
  t.equal(new Set(names).size, names.length);
  const groups = workloads.map(({ group }) => group).filter((group, i, all) => group !== all[i - 1]);
  t.strictSame(groups, ['metadata', 'reading', 'writing', 'copy-on-write', 'jobs', 'mount']);
});

t.test('each does its work', needs('root', 'program:fio', 'program:git'), async (t) => {
  const bench = makeBench(t);
  for (const workload of small.filter(({ group }) => group !== 'mount')) {
    const figure = workload.run(bench.prepared(workload));
    t.ok(figure !== undefined && figure > 0, workload.name);
  }
});

t.test('none has a figure when its programs do nothing', needs('root', 'program:fio'), async (t) => {
  const bench = makeBench(t);
  const trials = byPrograms.map((workload) => ({ workload, trial: bench.prepared(workload) }));
  // Archives are made while tar still works.
  bench.fixtures.archive(11_000);
  const idle = mkdtempSync(join(tmpdir(), 'strata-bench-idle-'));
  for (const name of ['chmod', 'chown', 'fio', 'git', 'ls', 'mv', 'rm', 'tar']) {
    symlinkSync('/bin/true', join(idle, name));
  }
  const path = process.env.PATH;
  process.env.PATH = `${idle}:${path ?? ''}`;
  t.teardown(() => {
    process.env.PATH = path;
    rmSync(idle, { recursive: true });
  });
  // find(1) both does and checks the walk: without it there is no number to agree with.
  for (const { workload, trial } of trials.filter(({ workload }) => !workload.name.startsWith('walk'))) {
    t.throws(() => workload.run(trial), workload.name);
  }
  symlinkSync('/bin/true', join(idle, 'find'));
  for (const { workload, trial } of trials) t.throws(() => workload.run(trial), `${workload.name}, no find`);
});

t.test('none has a figure when the layers are not there', async (t) => {
  const bench = makeBench(t);
  // fio makes the file that it writes, and needs no layer.
  for (const workload of small.filter(({ name }) => !name.startsWith('write-'))) {
    const trial = bench.empty(workload);
    t.throws(() => {
      workload.prepare?.(trial);
      workload.run(trial);
    }, workload.name);
  }
});
