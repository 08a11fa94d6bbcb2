/** Of the profile of this machine a runtime is told the same by us as by podman. */
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { capabilitiesOf } from '../../src/run/capabilities.ts';
import { seccompOf } from '../../src/run/seccomp.ts';
import { makeScratch } from '../fixtures/mount.ts';
import { needs } from '../fixtures/needs.ts';
import { makeSmallRoot } from '../run/fixtures/small-root.ts';

interface Filter {
  readonly syscalls: readonly { readonly names: string[]; readonly args?: readonly object[] }[];
}

t.test('as podman', needs('root', 'program:podman'), (t) => {
  const scratch = makeScratch(t);
  const root = makeSmallRoot(scratch.directory('root'));
  const runtime = `${scratch.path}/runtime`;
  // It runs nothing, and keeps what it was to run.
  writeFileSync(
    runtime,
    `#!/bin/sh\nfor word; do [ "$last" = --bundle ] && cp "$word/config.json" ${scratch.path}; last=$word; done\nexit 1\n`,
  );
  chmodSync(runtime, 0o755);
  const store = [
    '--root',
    `${scratch.path}/store`,
    '--runroot',
    `${scratch.path}/run`,
    '--storage-driver',
    'vfs',
  ];
  for (const add of [[], ['SYS_ADMIN'], ['ALL']]) {
    const capabilities = { add, drop: ['ALL'].filter(() => !add.includes('ALL')) };
    const options = [...capabilities.add.flatMap((name) => ['--cap-add', name])];
    options.push(...capabilities.drop.flatMap((name) => ['--cap-drop', name]));
    const args = [
      '--runtime',
      runtime,
      'run',
      '--rm',
      '--network',
      'none',
      ...options,
      '--rootfs',
      root,
      'true',
    ];
    // What podman leaves to be done by others ends with it.
    const alone = ['--pid', '--fork', '--kill-child', '--mount-proc'];
    spawnSync('unshare', [...alone, 'podman', ...store, ...args], { stdio: 'ignore' });
    const { linux, process: first } = JSON.parse(readFileSync(`${scratch.path}/config.json`, 'utf8')) as {
      linux: { seccomp: Filter };
      process: { capabilities: { bounding?: string[] } };
    };
    t.same([...(first.capabilities.bounding ?? [])].sort(), capabilitiesOf(capabilities).sort());
    t.same(normal(seccompOf({ capabilities }) as Filter), normal(linux.seccomp), add.join());
  }
  execFileSync('rm', ['-rf', `${scratch.path}/store`]);
  t.end();
});

/** Podman leaves out what is empty or 0. */
function normal(filter: Filter): object {
  const syscalls = filter.syscalls.map(({ names, args, ...rest }) => ({
    ...rest,
    names: [...names].sort(),
    args: (args ?? []).map((arg) => ({ valueTwo: 0, ...arg })),
  }));
  return { ...filter, syscalls };
}
