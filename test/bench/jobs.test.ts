/**
 * Every job once, on little, in a root file system that the kernel's overlayfs shows; and what holds for any
 * job: nothing of it lives on, and without its work there is no figure.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { rootLayers } from '../../src/bench/fixtures/root-layers.ts';
import { timeJob } from '../../src/bench/workloads/jobs/job.ts';
import { workloads } from '../../src/bench/workloads/table.ts';
import { makeScratch, type Scratch } from '../fixtures/mount.ts';
import { needs } from '../fixtures/needs.ts';
import { makeBench } from './fixtures/trial.ts';

const jobs = workloads.filter(({ name, group }) => group === 'jobs' && !name.startsWith('git-commit'));

async function mountRoot(scratch: Scratch, lower: readonly string[], name: string): Promise<string> {
  const [upper, work] = [scratch.directory(`${name}/upper`), scratch.directory(`${name}/work`)];
  return (await scratch.kernelOverlay({ lower, upper, work })).path;
}

t.test('jobs', needs('root', 'overlayfs', 'program:sqlite3', 'program:git', 'program:make'), async (t) => {
  const bench = makeBench(t);
  const scratch = makeScratch(t);
  const installed = new Set(
    readFileSync('/var/lib/dpkg/status', 'utf8').match(
      /(?<=^Package: )\S+(?=\nStatus: install ok installed)/gm,
    ),
  );

  for (const job of jobs) {
    const lacking = job.needs?.filter((name) => !installed.has(name)) ?? [];
    // Optional everywhere; whatever else is missing fails below.
    if (lacking.join() === 'mariadb-server') continue;
    const root = await mountRoot(scratch, job.lowers(bench.fixtures), job.name);
    const figure = job.run({ ...bench.empty(job), root });
    t.ok(figure !== undefined && figure > 0, job.name);
  }

  t.test('a job that did not do its work has no figure', async (t) => {
    const root = await mountRoot(scratch, rootLayers(bench.fixtures), 'undone');
    const check = 'test -e /tmp/made && echo made';
    t.ok(timeJob({ root }, { script: 'touch /tmp/made', check, expected: 'made' }) > 0);
    t.throws(() => timeJob({ root }, { script: 'rm /tmp/made', check: 'ls /tmp', expected: 'made' }), {
      message: /saw '', not 'made'/,
    });
    t.throws(() => timeJob({ root }, { script: 'echo why; exit 3', check: 'true', expected: '' }), {
      message: /status 3: why/,
    });
  });

  t.test('nothing of a job lives on', async (t) => {
    const root = await mountRoot(scratch, rootLayers(bench.fixtures), 'left');
    const script = 'setsid sleep 98765.4321 & test -c /dev/null; test -e /proc/self/status; false';
    t.throws(() => timeJob({ root }, { script, check: 'true', expected: '' }), { message: /status 1/ });
    const left = readdirSync('/proc').filter((name) => commandLine(name).includes('98765.4321'));
    t.strictSame(left, []);
    t.strictSame(readdirSync(join(root, 'proc')), []);
    t.strictSame(readdirSync(join(root, 'dev')), []);
  });
});

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1');
  } catch {
    return '';
  }
}
