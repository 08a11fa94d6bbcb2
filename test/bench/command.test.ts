import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { makeScratch } from '../fixtures/mount.ts';
import { mountNeeds, needs } from '../fixtures/needs.ts';
import { processesNaming } from '../fixtures/processes.ts';
import { mountsBelow, readRun, runBench, startBench, strata, waitForHang } from './fixtures/bench.ts';

const root = needs('root', 'build');

t.test('a run tells figures, verdicts and means, and leaves nothing mounted', root, async (t) => {
  const scratch = makeScratch(t).directory('scratch');
  const json = join(scratch, 'run.json');
  const args = ['--scratch', scratch, '--rounds', '3', '--only', 'good,in-memory,growth', '--json', json];
  const { status, stdout, stderr } = await runBench(args);
  t.equal(status, 0, stderr);
  const run = readRun(json);
  t.match(run, { format: 1, rounds: 3, quick: false, fixtures: /^[0-9a-f]{64}$/ });
  t.match(run.machine, { cpus: Number, kernel: String, scratch: /^\/.* \(\w+\)$/ });
  const [good, inMemory] = run.workloads;
  t.same(good?.outcomes, {
    ours: { figures: [2, 2, 2], errors: [] },
    overlay: { figures: [1, 1, 1], errors: [] },
    copy: { figures: [1, 1, 1], errors: [] },
  });
  t.same(
    good?.verdicts.map(({ met }) => met),
    [true, false],
  );
  t.same(inMemory?.outcomes.ours?.figures, [2, 2, 2]);
  t.same(
    run.series[0]?.points.map(({ x, outcomes }) => [x, outcomes.ours?.figures]),
    [
      [1, [1, 1, 1]],
      [10, [10, 10, 10]],
    ],
  );
  t.match(run.means, [{ driver: 'ours', peer: 'overlay', workloads: 2, ratio: 2 }]);
  t.match(
    stdout,
    /^good +ours +2\.00 +ms +2\.00 \.\. 2\.00 +2\.00 .* met: 2\.00 times overlay \(at most 3\);/m,
  );
  t.match(stdout, /; missed: 2\.00 times overlay \(at most 1\.5\)$/m);
  t.match(stderr, /^36 trials, about /m);
  t.same(mountsBelow(scratch), []);
  t.same(readdirSync(join(scratch, 'disk')), ['fixtures-1']);
});

t.test('a missed threshold is a failure only for those who ask', root, async (t) => {
  const scratch = makeScratch(t).directory('scratch');
  const args = ['--scratch', scratch, '--rounds', '1', '--only', 'good'];
  t.equal((await runBench(args)).status, 0);
  const checked = await runBench([...args, '--check']);
  t.equal(checked.status, 1);
  t.match(checked.stderr, /1 thresholds are missed/);
});

t.test('a driver and a workload that cannot run are named with what to install', root, async (t) => {
  const scratch = makeScratch(t).directory('scratch');
  const json = join(scratch, 'run.json');
  const args = ['--scratch', scratch, '--rounds', '1', '--only', 'good,lacks', '--json', json];
  const { status, stdout, stderr } = await runBench(args);
  t.equal(status, 0);
  const run = readRun(json);
  const leftOut = { why: 'it is not installed', install: 'apt-get install absent' };
  t.match(run.drivers.find(({ name }) => name === 'absent')?.leftOut, leftOut);
  t.match(run.workloads.find(({ name }) => name === 'lacks')?.leftOut, {
    why: 'needs no-such-package',
    install: 'apt-get install no-such-package',
  });
  t.match(stdout, /^left out: driver absent: it is not installed: apt-get install absent$/m);
  t.match(stdout, /^left out: workload lacks: .*: apt-get install no-such-package$/m);
  t.match(stderr, /^without absent: it is not installed: apt-get install absent$/m);
});

t.test('what is named and not measured is told, and cold series have names of their own', root, async (t) => {
  const scratch = makeScratch(t).directory('scratch');
  const args = ['--scratch', scratch, '--rounds', '1'];
  const json = join(scratch, 'run.json');
  const served = await runBench([...args, '--only', 'good,served', '--drivers', 'overlay']);
  t.match(served.stdout, /^left out: workload served: none of the drivers takes part in it: overlay$/m);
  const alone = await runBench([...args, '--only', 'served', '--drivers', 'overlay']);
  t.equal(alone.status, 1);
  t.match(alone.stderr, /none of these drivers takes part in these workloads: overlay: .*--drivers\n$/);
  const cold = await runBench([...args, '--only', 'growth', '--drivers', 'ours', '--cold', '--json', json]);
  t.equal(cold.status, 0, cold.stderr);
  t.equal(readRun(json).series[0]?.name, 'growth, cold');
  t.equal(readRun(json).series[0]?.points.length, 2);
});

t.test('a trial that fails is shown with its message, and the others go on', root, async (t) => {
  const scratch = makeScratch(t).directory('scratch');
  const json = join(scratch, 'run.json');
  const args = ['--scratch', scratch, '--rounds', '3', '--only', 'fails,dies', '--json', json];
  const { status, stdout } = await runBench([...args, '--drivers', 'ours,overlay']);
  t.equal(status, 0);
  const [fails, dies] = readRun(json).workloads;
  t.same(fails?.outcomes.ours, { figures: [], errors: ['made to fail', 'made to fail'] });
  t.same(fails?.outcomes.overlay, { figures: [1, 1, 1], errors: [] });
  t.match(dies?.outcomes.overlay?.errors[0], /^ended without an answer/);
  t.match(stdout, /^fails +ours +- +2 failed: made to fail/m);
  t.same(mountsBelow(scratch), []);
});

for (const [signal, status] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const) {
  t.test(`${signal} in the midst of a trial leaves nothing`, root, async (t) => {
    const scratch = makeScratch(t).directory('scratch');
    const { child, finished } = startBench([
      '--scratch',
      scratch,
      '--only',
      'hangs,in-memory',
      '--rounds',
      '1',
    ]);
    await waitForHang(scratch);
    child.kill(signal);
    const ended = await finished;
    t.equal(ended.status, status, ended.stderr);
    t.same(mountsBelow(scratch), []);
    t.same(processesNaming(scratch), []);
    t.same(readdirSync(join(scratch, 'disk')), ['fixtures-1']);
  });
}

t.test('what a killed run left is cleared by the next', root, async (t) => {
  const scratch = makeScratch(t).directory('scratch');
  const { child, finished } = startBench(['--scratch', scratch, '--only', 'hangs', '--rounds', '1']);
  await waitForHang(scratch);
  child.kill('SIGKILL');
  await finished;
  t.not(processesNaming(scratch).length, 0, 'the trial goes on');
  t.equal((await runBench(['--scratch', scratch, '--only', 'good', '--rounds', '1'])).status, 0);
  t.same(mountsBelow(scratch), []);
  t.same(processesNaming(scratch), []);
  t.same(readdirSync(join(scratch, 'disk')), ['fixtures-1']);
});

t.test('two runs do not share a scratch directory', root, async (t) => {
  const scratch = makeScratch(t).directory('scratch');
  const { child, finished } = startBench(['--scratch', scratch, '--only', 'hangs', '--rounds', '1']);
  await waitForHang(scratch);
  const second = await runBench(['--scratch', scratch, '--only', 'good']);
  t.equal(second.status, 1);
  t.match(second.stderr, /another run uses .*--scratch/);
  t.equal(mountsBelow(scratch).length, 1, 'the first goes on');
  child.kill('SIGINT');
  await finished;
});

t.test('an earlier run is shown again, and nothing is measured', root, async (t) => {
  const scratch = makeScratch(t).directory('scratch');
  const [json, page, picture] = ['run.json', 'run.md', 'run.svg'].map((name) => join(scratch, name)) as [
    string,
    string,
    string,
  ];
  const measured = await runBench(['--scratch', scratch, '--rounds', '1', '--only', 'good', '--json', json]);
  const shown = await runBench(['--from', json, '--report', page, '--picture', picture]);
  t.equal(shown.status, 0, shown.stderr);
  t.equal(shown.stdout, measured.stdout);
  t.equal(shown.stderr, '');
  t.match(readFileSync(page, 'utf8'), '(run.svg)');
  t.match(readFileSync(picture, 'utf8'), '<svg');
  t.equal((await runBench(['--from', json, '--check'])).status, 1, 'a threshold is missed');
  t.match((await runBench(['--from', json, '--rounds', '2'])).stderr, /cannot be used with/);
});

t.test('runs over the same files are compared, over others refused', root, async (t) => {
  const scratch = makeScratch(t).directory('scratch');
  const [first, second] = [join(scratch, 'first.json'), join(scratch, 'second.json')];
  const args = ['--scratch', join(scratch, 'one'), '--rounds', '1', '--only', 'good'];
  await runBench([...args, '--json', first]);
  const compared = await runBench([...args, '--json', second, '--compare', first]);
  t.equal(compared.status, 0, compared.stderr);
  t.match(compared.stdout, /^good +ours +2\.00 +2\.00 +ms +\+0\.0 %$/m);
  writeFileSync(first, JSON.stringify({ ...readRun(first), fixtures: 'f'.repeat(64) }));
  const refused = await runBench([...args, '--compare', first]);
  t.equal(refused.status, 1);
  t.match(refused.stderr, /worked on different files/);
});

t.test('bad values are one line that says what to do', async (t) => {
  const scratch = makeScratch(t).directory('scratch');
  const file = join(scratch, 'file');
  writeFileSync(file, '');
  for (const name of ['layer', 'a,layer', 'we"ird']) mkdirSync(join(scratch, name));
  symlinkSync('we"ird', join(scratch, 'linked'));
  const cases: readonly (readonly [string[], RegExp])[] = [
    [['--rounds', '0'], /--rounds takes a whole number/],
    [['--rounds', 'many'], /--rounds takes a whole number/],
    [['--layers', '1.5'], /--layers takes a whole number/],
    [['--drivers', 'ours,overlai'], /no driver is called "overlai": there are ours, overlay/],
    [['--drivers', 'absent'], /none of these drivers can run here: absent: .*apt-get install absent/],
    [['--only', 'good,bad'], /no workload, group or series is called "bad": .*--list/],
    [['--lower', join(scratch, 'absent')], /absent is not a directory: .*--lower/],
    [['--lower', file], /file is not a directory/],
    [['--lower', join(file, 'below')], /below is not a directory/],
    [['--lower', join(scratch, 'a,layer')], /a,layer cannot be used: there is , in it/],
    [['--scratch', file], /cannot be used as scratch directory \((EEXIST|ENOTDIR)\): .*--scratch/],
    [['--scratch', join(scratch, 'we:ird')], /we:ird cannot be used as scratch directory: there is : in it/],
    [['--scratch', join(scratch, 'linked')], /we"ird cannot be used as scratch directory: there is " in it/],
    [['--compare', file], /is not the result of an earlier run/],
    [['--json', join(scratch, 'absent', 'run.json')], /cannot be written \(ENOENT\)/],
  ];
  for (const [args, expected] of cases) {
    const { status, stdout, stderr } = await runBench(['--scratch', join(scratch, 'at'), ...args]);
    t.equal(status, 1, args.join(' '));
    t.equal(stdout, '');
    const [line = '', ...more] = stderr.replace(/^without absent: .*\n/, '').split('\n');
    t.match(line, expected);
    t.same(more, ['']);
  }
  t.notOk(existsSync(join(scratch, 'we:ird')), 'nothing is made');
});

t.test('a scratch directory of somebody else is refused in a line', root, async (t) => {
  const scratch = makeScratch(t);
  chmodSync(scratch.path, 0o711);
  const directory = scratch.directory('scratch');
  chmodSync(directory, 0o700);
  const { status, stderr } = spawnSync(strata, ['bench', '--scratch', directory, '--only', 'listing'], {
    ...{ uid: 65534, gid: 65534, encoding: 'utf8', cwd: '/' },
  });
  t.equal(status, 1);
  t.match(stderr, /scratch cannot be used as scratch directory \(EACCES\): .*--scratch$/m);
});

t.test('a run without any figure is a failure', root, async (t) => {
  const scratch = makeScratch(t).directory('scratch');
  const json = join(scratch, 'run.json');
  const args = ['--scratch', scratch, '--rounds', '1', '--only', 'dies', '--json', json];
  const { status, stdout, stderr } = await runBench(args);
  t.equal(status, 1);
  t.match(stderr, /nothing could be measured: the table says why\n$/);
  t.match(stdout, /^dies +ours +- +1 failed/m);
  t.equal((await runBench(['--from', json])).status, 0, 'it can be shown');
  t.equal((await runBench(['--scratch', scratch, '--only', 'lacks'])).status, 1);
});

t.test(
  'a quick run of the program itself',
  needs(...mountNeeds, 'overlayfs', 'program:fuse-overlayfs'),
  async (t) => {
    const scratch = makeScratch(t).directory('scratch');
    const [json, report] = [join(scratch, 'run.json'), join(scratch, 'run.html')];
    const args = ['--quick', '--scratch', scratch, '--only', 'create-small,absent-first,listing'];
    const { status, stdout, stderr } = await runBench(
      [...args, '--json', json, '--report', report],
      'program',
    );
    t.equal(status, 0, stderr);
    const run = readRun(json);
    const names = ['strata', 'overlay', 'fuse-overlayfs'];
    t.same(
      run.drivers.map(({ name }) => name),
      names,
    );
    t.equal(run.quick, true);
    const all = [...run.workloads, ...run.series.flatMap(({ points }) => points)];
    for (const { outcomes } of all) {
      t.same(Object.keys(outcomes), names);
      for (const { figures, errors } of Object.values(outcomes)) {
        t.same(errors, []);
        t.equal(figures.length, 1);
        t.ok(figures.every((value) => value > 0));
      }
    }
    t.match(stdout, /^absent-first +strata /m);
    t.ok(existsSync(report));
    t.same(mountsBelow(scratch), []);
    t.same(processesNaming(scratch), []);
  },
);
