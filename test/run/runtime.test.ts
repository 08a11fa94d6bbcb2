import { chmodSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { runtimeSpec, type BundlePlan } from '../../src/run/runtime-spec.ts';
import { findProgram, findWorkingRuntime, messageOf, probeRuntimes } from '../../src/run/runtime.ts';
import { startError } from '../../src/run/start-error.ts';
import { makeScratch } from '../fixtures/mount.ts';
import { needs } from '../fixtures/needs.ts';

t.test('a runtime works when it has run something', async (t) => {
  const scratch = makeScratch(t);
  const bin = scratch.directory('bin');
  const run = scratch.directory('run');
  const install = (name: string, script: string): void => {
    writeFileSync(`${bin}/${name}`, `#!/bin/sh\n${script}\n`);
    chmodSync(`${bin}/${name}`, 0o755);
  };
  const path = process.env.PATH;
  t.teardown(() => {
    process.env.PATH = path;
  });
  process.env.PATH = bin;
  t.throws(() => findWorkingRuntime(run), {
    code: 'no-runtime',
    message: /runc: not installed; crun: not installed/,
    hint: /apt-get install runc/,
    exitCode: 125,
  });
  install('runc', 'echo "level=error msg=\\"no \\\\\\"cgroups\\\\\\"\\"" >&2; exit 1');
  install('crun', 'exit 0');
  t.strictSame(probeRuntimes(), [
    { name: 'runc', path: `${bin}/runc`, reason: 'no "cgroups"' },
    { name: 'crun', path: `${bin}/crun`, reason: undefined },
  ]);
  t.equal(findWorkingRuntime(run), `${bin}/crun`);
  t.throws(() => findWorkingRuntime(run, 'runc'), { code: 'no-runtime', message: /runc: no "cgroups"/ });
  install('crun', 'exit 1 # another file');
  t.throws(() => findWorkingRuntime(run), { code: 'no-runtime' }, 'what was remembered was another program');
  t.equal(findProgram('absent'), undefined);
});

t.test('runc runs something here', needs('root', 'program:runc'), async (t) => {
  t.match(
    probeRuntimes().find(({ name }) => name === 'runc'),
    { reason: undefined },
  );
});

t.test('what runtimes say, and the exit statuses of it', async (t) => {
  for (const [message, status] of [
    ['exec: "x": executable file not found in $PATH', 127],
    ['executable file `x` not found in $PATH: No such file or directory', 127],
    ['exec: "/x": stat /x: no such file or directory', 127],
    ['exec: "/etc": permission denied', 126],
    ['exec /x: exec format error', 126],
    ['cgroups: cannot enter', 125],
  ] as const) {
    t.equal(startError(message).exitCode, status, message);
  }
  t.equal(messageOf('time="x" level=warning msg=a\ntime="x" level=error msg="b \\"c\\""\n'), 'b "c"');
  t.equal(messageOf('plain\n'), 'plain');
  t.equal(messageOf('\n'), undefined);
});

t.test('what a runtime is told', async (t) => {
  const plan: BundlePlan = {
    process: {
      argv: ['x'],
      env: [],
      cwd: '/',
      account: { uid: 7, gid: 8, additionalGids: [9], home: '/' },
      terminal: false,
    },
    root: '/r',
    readOnlyRoot: true,
    hostname: 'h',
    network: 'none',
    mounts: [{ destination: '/dev/shm', type: 'bind', source: '/s', options: ['rbind', 'rslave'] }],
    cgroup: '/c',
    unifiedCgroups: false,
  };
  const spec = runtimeSpec(plan);
  t.match(spec, {
    process: { user: { uid: 7, gid: 8, additionalGids: [9] }, capabilities: { effective: [], ambient: [] } },
    root: { path: '/r', readonly: true },
    linux: { rootfsPropagation: 'slave' },
  });
  const { mounts, linux } = spec as {
    mounts: { destination: string }[];
    linux: { namespaces: { type: string }[] };
  };
  t.equal(
    mounts.filter(({ destination }) => destination === '/dev/shm').length,
    1,
    'a mount of its own gives way',
  );
  t.ok(linux.namespaces.some(({ type }) => type === 'network'));
  const asRoot = runtimeSpec({
    ...plan,
    network: 'host',
    process: { ...plan.process, account: { ...plan.process.account, uid: 0 } },
  });
  t.match(asRoot, { process: { capabilities: { effective: /./ } } });
  t.notOk(JSON.stringify(asRoot).includes('"network"'));
});
