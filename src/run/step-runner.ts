/**
 * One command in a root directory, to its end, for whoever builds images: a bundle without supervision, its output
 * handed on as it comes, and nothing left in the root that the command did not put there.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, existsSync, statSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { InRoot } from '../os/in-root.ts';
import { createToolFs } from '../store/tool-fs.ts';
import { lookUpAccount } from './accounts.ts';
import { controlGroup } from './engine.ts';
import { makeStubs, type MountPoint } from './mount-stubs.ts';
import { orderMounts } from './mount-request.ts';
import { lastFailure } from './runtime-log.ts';
import { ownMounts, runtimeSpec, type SpecMount } from './runtime-spec.ts';
import { findWorkingRuntime, hasUnifiedCgroups } from './runtime.ts';
import { seccompOf } from './seccomp.ts';
import { startError } from './start-error.ts';
import { makeStepBundle } from './step-bundle.ts';
import { tmpfsMode, type StepCommand, type StepRunner } from './step.ts';

/** What of this machine a command with a network sees. */
const networkFiles = ['/etc/resolv.conf', '/etc/hosts'];

export class RuntimeStepRunner implements StepRunner {
  readonly #runRoot: string;

  /** `runRoot`: a directory that the next boot empties. */
  constructor(runRoot: string) {
    this.#runRoot = runRoot;
  }

  /** Places in the root that something is mounted on. Those that are missing are made, and taken away again. */
  readonly mountPoints: readonly MountPoint[] = [
    ...['/proc', '/dev', '/sys'].map((path) => ({ path, kind: 'directory' as const })),
    ...networkFiles.map((path) => ({ path, kind: 'file' as const })),
  ];

  /**
   * Runs a command to its end; answers its exit status, 128 + n for signal n. UserError where it cannot be started:
   * `command-not-found` (exit code 127), `start-failed`, `no-such-user`, `no-runtime`; the reason of `signal` when that is aborted.
   */
  async run(command: StepCommand): Promise<number> {
    command.signal?.throwIfAborted();
    const runtime = findWorkingRuntime(this.#runRoot);
    const bundle = makeStepBundle(this.#runRoot, runtime);
    const root = new InRoot(command.root);
    let removeStubs = (): void => undefined;
    try {
      const mounts = mountsOf(command, bundle.path);
      const spec = specOf(command, root, bundle.id, mounts);
      writeFileSync(join(bundle.path, 'config.json'), JSON.stringify(spec), { mode: 0o600 });
      removeStubs = makeStubs(createToolFs(), root, this.#pointsOf(mounts));
      return await runBundle(
        { runtime, state: join(this.#runRoot, 'runtime'), bundle: bundle.path, id: bundle.id },
        command,
      );
    } finally {
      removeStubs();
      root.close();
      bundle.remove();
    }
  }

  /** Those that lie in the root itself, and not in something that is mounted over it. */
  #pointsOf(mounts: readonly SpecMount[]): MountPoint[] {
    const all = [...ownMounts, ...mounts].map(({ destination }) => destination);
    const isCovered = (path: string): boolean => all.some((other) => path.startsWith(`${other}/`));
    const given = mounts.map(({ destination, source, type }): MountPoint => {
      if (type === 'tmpfs') return { path: destination, kind: 'directory', mode: tmpfsMode };
      const isFile = type === 'bind' && !statSync(source).isDirectory();
      return { path: destination, kind: isFile ? 'file' : 'directory' };
    });
    const own = this.mountPoints.filter(({ path }) => !networkFiles.includes(path));
    return [...own, ...given].filter(({ path }) => !isCovered(path));
  }
}

/** Files are made in `bundle`, which lies in the run root and goes with the command. */
function mountsOf(command: StepCommand, bundle: string): SpecMount[] {
  const given = command.mounts.map((mount, index): SpecMount => {
    const destination = mount.target;
    if (mount.type === 'file') {
      const source = join(bundle, `file-${String(index)}`);
      writeFileSync(source, mount.content, { mode: 0o600 });
      chownSync(source, mount.uid, mount.gid);
      chmodSync(source, mount.mode);
      return { destination, type: 'bind', source, options: ['rbind', 'rprivate', 'ro'] };
    }
    if (mount.type === 'bind') {
      const access = mount.writable ? 'rw' : 'ro';
      return { destination, type: 'bind', source: mount.source, options: ['rbind', 'rprivate', access] };
    }
    const size = mount.size === undefined ? [] : [`size=${String(mount.size)}`];
    return {
      destination,
      type: 'tmpfs',
      source: 'tmpfs',
      options: [
        ...['nosuid', 'nodev', `mode=${tmpfsMode.toString(8)}`, ...size],
        ...(mount.writable ? [] : ['ro']),
      ],
    };
  });
  const targets = new Set(given.map(({ destination }) => destination));
  const network = (command.network === 'none' ? [] : networkFiles).filter(
    (path) => !targets.has(path) && existsSync(path),
  );
  const own = network.map((path) => ({
    destination: path,
    type: 'bind',
    source: path,
    options: ['bind', 'rprivate', 'ro'],
  }));
  return orderMounts([...own, ...given].map((mount) => ({ ...mount, target: mount.destination })));
}

function specOf(command: StepCommand, root: InRoot, id: string, mounts: readonly SpecMount[]): object {
  const account = lookUpAccount(root, command.user);
  const isSet = (name: string): boolean => command.env.some((entry) => entry.startsWith(`${name}=`));
  return runtimeSpec({
    process: {
      argv: command.argv,
      env: [...command.env, ...(isSet('HOME') ? [] : [`HOME=${account.home}`])],
      cwd: command.cwd,
      account,
      terminal: false,
    },
    root: command.root,
    readOnlyRoot: false,
    hostname: 'build',
    network: command.network === 'none' ? 'none' : 'host',
    mounts: mounts.map(({ destination, type, source, options }) => ({ destination, type, source, options })),
    cgroup: controlGroup(id),
    unifiedCgroups: hasUnifiedCgroups(),
    seccomp: seccompOf({}),
  });
}

interface Bundle {
  readonly runtime: string;
  readonly state: string;
  readonly bundle: string;
  readonly id: string;
}

async function runBundle({ runtime, state, bundle, id }: Bundle, command: StepCommand): Promise<number> {
  const log = join(bundle, 'log');
  const args = ['--root', state, '--log', log, '--log-format', 'json', 'run', '--bundle', bundle, id];
  // One pipe for both outputs, which only a shell can give a child, keeps their order as far as the runtime does:
  // crun hands it down, runc reads each output through a pipe of its own. In a session of its own: Ctrl-C is for
  // the one who builds, who aborts the signal.
  const child = spawn('/bin/sh', ['-c', 'exec "$@" 2>&1', 'sh', runtime, ...args], {
    stdio: ['ignore', 'pipe', 'ignore'],
    detached: true,
    cwd: '/',
  });
  child.stdout.on('data', command.onOutput);
  const abort = (): void => {
    spawnSync(runtime, ['--root', state, 'delete', '--force', id], { stdio: 'ignore' });
    // It may have been too early for that.
    child.kill('SIGTERM');
  };
  command.signal?.addEventListener('abort', abort, { once: true });
  try {
    const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
    command.signal?.throwIfAborted();
    const failure = lastFailure(log);
    if (failure !== undefined && code !== 0) throw startError(failure);
    return code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
  } finally {
    command.signal?.removeEventListener('abort', abort);
    spawnSync(runtime, ['--root', state, 'delete', '--force', id], { stdio: 'ignore' });
  }
}
