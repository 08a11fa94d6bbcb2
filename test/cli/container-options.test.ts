/**
 * Options of Docker's that scripts use about containers: a file with the id, files of variables and labels, how a container is
 * asked to end and for how long, whose signals are, and what leaves a terminal.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { needs } from '../fixtures/needs.ts';
import { until } from './fixtures/program.ts';
import { containerNeeds, makeStrata, programPath } from './fixtures/strata.ts';

t.test('options about containers', needs(...containerNeeds, 'program:script'), async (t) => {
  const strata = makeStrata(t);
  const { run, get, scratch } = strata;
  const names = (): string => get('ps', '-a', '--format', '{{.Names}}');
  /** Ends with 4 when it is asked to. */
  const script = 'trap "exit 4" TERM; trap "exit 5" USR1; echo go; while :; do sleep 0.05; done';

  await t.test('the id in a file', async (t) => {
    const file = `${scratch.path}/id`;
    const id = get('create', '--name', 'one', '--cidfile', 'id', 'base', 'true');
    t.equal(readFileSync(file, 'utf8'), id);
    const again = run('create', '--name', 'two', '--cidfile', file, 'base', 'true');
    t.match(again, { status: 125, stderr: /container ID file found, make sure .* delete .*\/id$/m });
    t.equal(readFileSync(file, 'utf8'), id);
    t.match(run('run', '--cidfile', `${file}2`, 'absent', 'true'), { status: 125 });
    t.notOk(existsSync(`${file}2`), 'nothing came of it');
    t.match(run('run', '--cidfile', 'no/id', 'base', 'true'), { status: 125, stderr: /\(ENOENT\)/ });
    t.equal(names(), 'one');
    t.match(run('run', '--rm', '--cidfile', 'ran', 'base', 'true'), { status: 0 });
    t.match(readFileSync(`${scratch.path}/ran`, 'utf8'), /^[0-9a-f]{64}$/);
    get('rm', 'one');
  });

  await t.test('labels in a file', async (t) => {
    writeFileSync(`${scratch.path}/labels`, '# of the shop\na=1\nb=x y\nc\n');
    get('create', '--name', 'one', '--label-file', 'labels', '-l', 'a=2', 'base', 'true');
    const labels = get('inspect', '-f', '{{json .Config.Labels}}', 'one');
    t.strictSame(JSON.parse(labels), { a: '2', b: 'x y', c: '' });
    const stderr = /--label-file absent cannot be read \(ENOENT\): name a file/;
    t.match(run('create', '--label-file', 'absent', 'base', 'true'), { status: 125, stderr });
    for (const label of ['=x', '', '='])
      t.match(run('create', '-l', label, 'base', 'true'), { status: 125, stderr: /empty name: write/ });
    t.match(run('volume', 'create', '--label', '=x', 'labelled'), { status: 1, stderr: /empty name: write/ });
    get('rm', 'one');
  });

  await t.test('how long it has to end, and what asks it to', async (t) => {
    const timed = (...args: string[]): number => {
      const begin = Date.now();
      get(...args);
      return Date.now() - begin;
    };
    const exitCode = (): string => get('inspect', '-f', '{{.State.ExitCode}}', 'one');
    get('run', '-d', '--name', 'one', '--stop-timeout', '1', 'base', 'sleep', '1000');
    t.equal(get('inspect', '-f', '{{.Config.StopTimeout}}', 'one'), '1');
    const took = timed('stop', 'one');
    t.ok(took >= 1000 && took < 10_000, `it had ${String(took)} ms`);
    get('start', 'one');
    t.ok(timed('stop', '--timeout', '0', 'one') < 10_000);
    t.match(run('stop', '-t', 'soon', 'one'), { status: 1, stderr: /number of seconds/ });
    get('rm', 'one');
    get('run', '-d', '--name', 'one', '--stop-timeout=-1', 'base', 'sh', '-c', script);
    await until(() => get('logs', 'one') === 'go', 'it listens');
    t.match(run('stop', '-s', 'WRONG', 'one'), { status: 1, stderr: /Invalid signal: WRONG/ });
    get('pause', 'one');
    get('stop', '-s', 'USR1', '-t', '-1', 'one');
    t.equal(exitCode(), '5', 'it went on for that');
    get('start', 'one');
    await until(() => get('logs', 'one') === 'go\ngo', 'it listens');
    get('restart', '--signal=SIGKILL', 'one');
    await until(() => get('logs', 'one') === 'go\ngo\ngo', 'it runs again');
    get('stop', 'one');
    t.equal(exitCode(), '4', 'its own signal');
    get('rm', 'one');
  });

  await t.test('signals are for the container, unless told', async (t) => {
    const proxied = strata.start('run', '--name', 'one', 'base', 'sh', '-c', script);
    await until(() => proxied.output() === 'go\n', 'it listens');
    process.kill(proxied.pid, 'SIGTERM');
    t.equal(await proxied.ended, 4);
    const plain = strata.start('run', '--sig-proxy=false', '--name', 'two', 'base', 'sh', '-c', script);
    await until(() => plain.output() === 'go\n', 'it listens');
    const again = strata.start('start', '-a', '--sig-proxy=false', 'one');
    await until(() => again.output() === 'go\n', 'it listens');
    for (const { pid, ended } of [plain, again]) {
      process.kill(pid, 'SIGTERM');
      t.equal(await ended, null, 'the command has ended by it');
    }
    t.strictSame(get('ps', '--format', '{{.Names}}').split('\n').sort(), ['one', 'two'], 'alone');
    get('rm', '-f', 'one', 'two');
  });

  await t.test('keys that leave a terminal', async (t) => {
    const env = { ...process.env, STRATA_ROOT: strata.root };
    const input = 'x\u0001';
    const leave = (line: string): string =>
      execFileSync('script', ['-qec', `${programPath} ${line}; echo left $?`, '/dev/null'], {
        ...{ encoding: 'utf8', env, input },
      });
    t.match(leave('run -it --name one --detach-keys x,ctrl-a base sh'), /left 0/);
    t.match(get('ps'), /one/);
    get('stop', '-t', '0', 'one');
    t.match(leave('start -ai --detach-keys x,ctrl-a one'), /left 0/);
    t.match(get('ps'), /one/);
    t.match(run('run', '--detach-keys', 'ab', 'base', 'true'), { status: 125, stderr: /"ab" is no key/ });
    get('rm', '-f', 'one');
  });

  await t.test('groups besides those of the user', async (t) => {
    const asked = ['--group-add', 'extra', '--group-add', '4711'];
    t.equal(get('run', '--rm', ...asked, 'base', 'id', '-G'), '0 1002 4711');
    t.equal(get('run', '--rm', ...asked, '-u', 'app:5', 'base', 'id', '-G'), '5 1002 4711');
    t.equal(get('run', '--rm', '--group-add=staff', '-u', 'app', 'base', 'id', '-G'), '1001 1002');
    const status = ['-u', '1000:1000', 'base', 'cat', '/proc/self/status'];
    t.match(get('run', '--rm', ...status), /^Groups:\t1000 ?$/m, 'its own group is among them');
    get('run', '-d', '--name', 'one', ...asked, 'base', 'sleep', '1000');
    t.equal(get('exec', 'one', 'id', '-G'), '0 1002 4711');
    t.equal(get('exec', '-u', '33:33', 'one', 'id', '-G'), '33 1002 4711');
    t.equal(get('inspect', '-f', '{{json .HostConfig.GroupAdd}}', 'one'), '["extra","4711"]');
    get('rm', '-f', 'one');
    const absent = run('run', '--rm', '--group-add', 'absent', 'base', 'true');
    t.match(absent, { status: 125, stderr: /unable to find group absent: .*: name a group of the image/ });
    for (const group of ['', '4294967295', 'a:b'])
      t.match(run('create', '--group-add', group, 'base'), { status: 125, stderr: /invalid group: / });
  });

  await t.test('parameters of the kernel', async (t) => {
    const asked = [
      ...['--sysctl', 'kernel.msgmax=1', '--sysctl=kernel.msgmax=4711', '--sysctl', 'fs.mqueue.msg_max=12'],
      ...['--sysctl', 'kernel.domainname=shop', '--sysctl', 'net.core.somaxconn=77'],
    ];
    const files = ['kernel/msgmax', 'fs/mqueue/msg_max', 'kernel/domainname', 'net/core/somaxconn'].map(
      (name) => `/proc/sys/${name}`,
    );
    const read = (): string[] => files.map((file) => readFileSync(file, 'utf8'));
    const before = read();
    get('create', '--name', 'one', '--network=none', ...asked, 'base', 'cat', ...files);
    t.equal(get('start', '-a', 'one'), '4711\n12\nshop\n77');
    t.strictSame(read(), before, 'those of the machine');
    t.strictSame(JSON.parse(get('inspect', '-f', '{{json .HostConfig.Sysctls}}', 'one')), {
      ...{ 'kernel.msgmax': '4711', 'fs.mqueue.msg_max': '12' },
      ...{ 'kernel.domainname': 'shop', 'net.core.somaxconn': '77' },
    });
    get('rm', 'one');
    for (const [text, stderr] of [
      ['net.core.somaxconn=77', /net\.core\.somaxconn is not allowed with the network of this machine: /],
      ['vm.swappiness=1', /vm\.swappiness is not allowed: .*: a container has its own of kernel\.msgmax, /],
      ['kernel.hostname=x', /kernel\.hostname is not allowed/],
      ['net.=1', /net\. is not allowed: /],
      ['kernel.msgmax', /has no name or no value: write --sysctl NAME=VALUE/],
      ['=1', /has no name or no value/],
    ] as const)
      t.match(run('create', '--sysctl', text, 'base', 'true'), { status: 125, stderr });
    const absent = run('run', '--rm', '--sysctl', 'kernel.msgmax=x', 'base', 'true');
    t.match(absent, { status: 125, stderr: /cannot be started: .*msgmax/ });
  });

  await t.test('one more process with variables of a file, and with all rights', async (t) => {
    writeFileSync(`${scratch.path}/env`, 'A=1\nB=2\n');
    get('run', '-d', '--name', 'one', 'base', 'sleep', '1000');
    const exec = (...args: string[]): string => get('exec', ...args);
    t.equal(exec('--env-file', 'env', '-e', 'B=3', 'one', 'sh', '-c', 'echo $A $B'), '1 3');
    const show = 'while read k v; do case $k in CapEff:) echo $v;; esac; done < /proc/self/status';
    const own = exec('one', 'sh', '-c', show);
    t.equal(own, '00000000a80425fb');
    t.equal(
      exec('--privileged', 'one', 'sh', '-c', show),
      get('run', '--rm', '--privileged', 'base', 'sh', '-c', show),
    );
    const keys = run('exec', '--detach-keys', 'x', 'one', 'true');
    t.match(keys, { status: 125, stderr: /--detach-keys is not there: .*exec -d/ });
    get('rm', '-f', 'one');
  });

  await t.test('what is not there', async (t) => {
    for (const [option, instead] of [['--attach=stdout', /-d shows none/]] as const)
      t.match(run('run', option, 'base', 'true'), { status: 125, stderr: instead });
    t.equal(names(), '');
  });
});
