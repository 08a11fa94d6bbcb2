/** The kernel holds a container to the limits that were asked for. */
import { existsSync, readFileSync } from 'node:fs';
import t from 'tap';
import { needs } from '../fixtures/needs.ts';
import { containerNeeds, makeStrata } from './fixtures/strata.ts';

t.test('limits of a container', needs(...containerNeeds), async (t) => {
  const { run, get } = makeStrata(t);
  const state = (name: string): unknown => JSON.parse(get('inspect', '-f', '{{json .State}}', name));
  const swallowing = ['sh', '-c', 'a=x; while :; do a=$a$a; done'];

  await t.test('memory', (t) => {
    const asked = ['-m', '32m', '--memory-swap', '32m'];
    t.equal(run('run', '--name', 'hungry', ...asked, 'base', ...swallowing).status, 137);
    t.match(state('hungry'), { Status: 'exited', ExitCode: 137, OOMKilled: true });
    t.match(JSON.parse(get('inspect', '-f', '{{json .HostConfig}}', 'hungry')), {
      Memory: 32 << 20,
      MemorySwap: 32 << 20,
    });
    t.equal(run('start', '-a', 'hungry').status, 137, 'in its next run, too');
    get('run', '-d', '--name', 'host', ...asked, 'base', 'sleep', '1000');
    t.equal(run('exec', 'host', ...swallowing).status, 137, 'and what exec runs');
    get('rm', '-f', 'hungry', 'host');
    t.end();
  });

  await t.test('processes', (t) => {
    const forking = 'for i in {1..30}; do sleep 5 & done; echo all';
    t.match(run('run', '--rm', '--pids-limit', '10', 'base', 'sh', '-c', forking), {
      stderr: /Resource temporarily unavailable|retry/,
    });
    t.end();
  });

  await t.test('processors', (t) => {
    const asked = ['--cpus', '0.5', '-c', '512', '--cpuset-cpus', '0'];
    const id = get('run', '-d', '--name', 'slow', ...asked, 'base', 'sleep', '1000');
    const read = (old: string, unified: string): string | undefined =>
      [`${old.split('.')[0] ?? ''}/strata-${id}/${old}`, `strata-${id}/${unified}`]
        .map((path) => `/sys/fs/cgroup/${path}`)
        .filter((path) => existsSync(path))
        .map((path) => readFileSync(path, 'utf8').trim())[0];
    t.match(read('cpu.cfs_quota_us', 'cpu.max'), /^50000( 100000)?$/);
    t.equal(read('cpuset.cpus', 'cpuset.cpus'), '0');
    // Those of version 2 are counted otherwise.
    t.match(read('cpu.shares', 'cpu.weight'), /^(512|20|59)$/);
    t.match(get('exec', 'slow', 'cat', '/proc/self/status'), /^Cpus_allowed_list:\t0$/m);
    get('rm', '-f', 'slow');
    t.end();
  });

  await t.test('of none there are none', (t) => {
    t.match(JSON.parse(get('inspect', '-f', '{{json .HostConfig}}', get('create', 'base', 'true'))), {
      ...{ Memory: 0, MemorySwap: 0, NanoCpus: 0, CpuShares: 0, CpusetCpus: '', PidsLimit: null },
    });
    t.match(run('run', '--rm', '--cpuset-cpus', '9999', 'base', 'true'), { status: 125, stderr: /cpuset/ });
    t.match(run('run', '--rm', '-m', '1', 'base', 'true'), { status: 125, stderr: /Minimum memory limit/ });
    t.end();
  });
});
