/**
 * Command lines that were taken, or of which something else told later: an empty data root was the working directory, help on what is not
 * there was all of the help, and numbers that no kernel holds came back from the runtime.
 */
import { readdirSync } from 'node:fs';
import t from 'tap';
import { asName } from '../../src/base/name.ts';
import { checkMountPoint } from '../../src/cli/mount-checks.ts';
import { parseLimits } from '../../src/run/limits.ts';
import { containerNeeds, makeStrata } from '../cli/fixtures/strata.ts';
import { needs } from '../fixtures/needs.ts';

t.test('lines that make no sense', needs(...containerNeeds), async (t) => {
  const { get, run, scratch } = makeStrata(t);
  const before = readdirSync(scratch.path);
  for (const option of ['--root', '--run-root'])
    t.match(run(option, '', 'images'), { status: 1, stderr: /is empty/ }, option);
  t.strictSame(readdirSync(scratch.path), before, 'nothing is made in the working directory');
  t.match(run('help', 'bogus'), { status: 1, stdout: '', stderr: /unknown help topic: bogus/ });
  t.match(run('help', 'volume', 'bogus'), { status: 1, stderr: /strata volume --help/ });
  t.match(get('help', 'volume', 'create'), /^Usage: strata volume create/);
  t.match(get('help'), /^Usage: strata /);
  const absent = [
    '--dns-search x',
    '--oom-kill-disable',
    '--memory-reservation 1g',
    '-q',
    '--isolation default',
  ];
  for (const words of absent)
    t.match(run('run', ...words.split(' '), 'base', 'true'), { status: 125, stderr: /is not there/ }, words);
  get('create', '--name', 'one', 'base', 'true');
  get('rename', '/one', '/two');
  t.equal(get('ps', '-a', '--format', '{{.Names}}'), 'two');
  t.equal(get('ps', '-n', '-1', '-q'), '', 'nothing runs');
  t.equal(get('ps', '-a', '-n', '-1', '--format', '{{.Names}}'), 'two');
  get('run', '-d', '--name', 'three', 'base', 'sleep', '1000');
  for (const count of ['-1', '-5', '1'])
    t.equal(get('ps', '-n', count, '--format', '{{.Names}}'), 'three', count);
  t.equal(get('ps', '-n', '0', '-q'), '');
});

t.test('limits that no kernel holds', async (t) => {
  for (const words of [
    { memory: '99999999999999999999g' },
    { memory: '64m', memorySwap: '9007199254740993' },
    { pidsLimit: '99999999999999999999' },
    { pidsLimit: '4194305' },
    { cpuShares: '1' },
    { cpuShares: '262145' },
  ])
    t.throws(() => parseLimits(words), { code: 'bad-limit', exitCode: 125 }, JSON.stringify(words));
  t.match(parseLimits({ cpuShares: '2', pidsLimit: '0' }), { cpuShares: 2, pids: undefined });
  t.match(parseLimits({ pidsLimit: '4194304' }), { pids: 4_194_304 });
});

t.test('a mount that mount.fuse3 has made', async (t) => {
  t.throws(() => checkMountPoint(asName('/dev/fd/9999')), {
    code: 'missing-mount-point',
    hint: /drop_privileges/,
  });
});
