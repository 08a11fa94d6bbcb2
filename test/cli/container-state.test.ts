/** What `inspect` tells of a container's last run: why it did not begin, and whether memory was short in it. */
import { existsSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { needs } from '../fixtures/needs.ts';
import { containerNeeds, makeStrata } from './fixtures/strata.ts';

t.test('the last run', needs(...containerNeeds), async (t) => {
  const { run, get, scratch } = makeStrata(t);
  const state = (): Record<string, unknown> =>
    JSON.parse(get('inspect', '-f', '{{json .State}}', 'one')) as Record<string, unknown>;

  await t.test('why it did not begin', async (t) => {
    get('create', '--name', 'one', 'base', '/tool');
    t.match(state(), { Status: 'created', Error: '', OOMKilled: false });
    t.match(run('start', 'one'), { status: 1, stderr: /\/tool/ });
    const failed = { Status: 'exited', ExitCode: 127, Error: /\/tool.*no such file/, OOMKilled: false };
    t.match(state(), failed);
    writeFileSync(`${scratch.path}/tool`, '#!/bin/sh\nexit 3\n', { mode: 0o755 });
    get('cp', 'tool', 'one:/tool');
    t.match(run('start', '-a', 'one'), { status: 3 });
    t.match(state(), { Status: 'exited', ExitCode: 3, Error: '', OOMKilled: false });
    get('rm', 'one');
    get('create', '--name', 'one', '-u', 'absent', 'base', 'true');
    t.equal(run('start', 'one').status, 1);
    t.match(state(), { ExitCode: 125, Error: /^unable to find user absent/ });
    get('rm', 'one');
  });

  await t.test('whether memory was short', async (t) => {
    const leftBehind = existsSync('/oom');
    const id = get('run', '-d', '--name', 'one', 'base', 'sleep', '1000');
    const limits = [`memory/strata-${id}/memory.limit_in_bytes`, `strata-${id}/memory.max`];
    const limit = limits.map((path) => `/sys/fs/cgroup/${path}`).find((path) => existsSync(path)) ?? '';
    writeFileSync(limit, String(32 << 20));
    t.equal(run('exec', 'one', 'sh', '-c', 'a=x; while :; do a=$a$a; done').status, 137);
    t.match(state(), { Status: 'running', OOMKilled: true }, 'at once');
    get('stop', '-t', '0', 'one');
    t.match(state(), { Status: 'exited', OOMKilled: true }, 'and afterwards');
    get('start', 'one');
    t.match(state(), { Status: 'running', OOMKilled: false }, 'not in another run');
    get('rm', '-f', 'one');
    t.equal(existsSync('/oom'), leftBehind, 'nothing is written to the root of the machine');
  });
});
