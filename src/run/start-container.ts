/**
 * A run of a container, from its beginning: its tree is mounted, a bundle is written, conmon makes the container,
 * and the runtime lets it go. Whatever fails on the way, the run is ended as if the container had ended.
 */
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  mkdirSync,
  readdirSync,
  rmSync,
  statfsSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { isFsError } from '../base/fs-error.ts';
import { nameFromText } from '../base/name.ts';
import { UserError } from '../base/user-error.ts';
import { InRoot } from '../os/in-root.ts';
import { findProcess } from '../os/process-identity.ts';
import { tellingNoSpace } from '../store/no-space.ts';
import { lookUpAccount } from './accounts.ts';
import { startConmon } from './conmon.ts';
import { startError } from './start-error.ts';
import { writeOwnFiles } from './container-files.ts';
import { prepareMounts } from './container-mounts.ts';
import { findRun, isActive, readStatus, writeRun, type Container, type Run } from './container.ts';
import { bundlePath, containerPath, controlGroup, exitsPath, runtimeState, type Engine } from './engine.ts';
import { endRun, removeFiles } from './end-run.ts';
import { startLogWriter } from './log-writer.ts';
import { orderMounts } from './mount-request.ts';
import { processSpec, runtimeSpec, type ProcessPlan } from './runtime-spec.ts';
import { findWorkingRuntime, hasUnifiedCgroups, messageOf } from './runtime.ts';
import { seccompOf } from './seccomp.ts';
import { isPaused, noSuchContainer } from './state-errors.ts';

/** Between making a container and letting it go: whoever wants to see all of its output attaches here. */
export type BeforeStart = (run: Run) => Promise<void>;

/**
 * Starts it; the holder of `withContainer` calls. Answers the run, or undefined where it runs already. UserError
 * `paused`, `start-failed`, `no-runtime`, `no-conmon`, those of `startLogWriter`, and those of mounts; the container is as
 * before then, and one that goes with its end has gone if a run of it was to begin.
 */
export async function startContainer(
  engine: Engine,
  container: Container,
  beforeStart: BeforeStart = () => Promise.resolve(),
): Promise<Run | undefined> {
  const status = await readStatus(engine, container.id);
  if (isActive(status)) {
    if (status.status === 'paused') throw isPaused(container);
    checkRoot(container, status.pid);
    return undefined;
  }
  const left = await findRun(engine, container.id);
  // Its exit command is late, or never came.
  if (left !== undefined && left.finishedAt === undefined) {
    await endRun(engine, container, left.run);
    if (container.autoRemove) throw noSuchContainer(container.name);
  }
  try {
    return await begin(engine, container, beforeStart);
  } catch (thrown) {
    if (container.autoRemove) await removeFiles(engine, container, { volumes: true });
    throw thrown;
  }
}

async function begin(engine: Engine, container: Container, beforeStart: BeforeStart): Promise<Run> {
  const runtime = findWorkingRuntime(engine.runRoot, container.runtime);
  const run: Run = { run: randomBytes(8).toString('hex'), startedAt: new Date().toISOString(), runtime };
  clearRemains(engine, container.id);
  const tellingSpace = <T>(act: () => Promise<T>) => tellingNoSpace(dirname(engine.containers), act);
  await tellingSpace(() => writeRun(engine, container.id, run));
  try {
    await tellingSpace(() => writeBundle(engine, container, runtime));
    const pid = await supervise(engine, container, run);
    const first = findProcess(pid);
    const begun: Run = first === undefined ? run : { ...run, process: first };
    await tellingSpace(() => writeRun(engine, container.id, begun));
    await beforeStart(begun);
    const started = spawnSync(runtime, ['--root', runtimeState(engine), 'start', container.id], {
      encoding: 'utf8',
    });
    if (started.status !== 0) throw startError(messageOf(started.stderr) ?? 'the runtime gave no reason');
    return begun;
  } catch (thrown) {
    const exitCode = thrown instanceof UserError ? thrown.exitCode : undefined;
    const error = thrown instanceof Error ? thrown.message : String(thrown);
    await endRun(engine, container, run.run, { exitCode, error });
    throw thrown;
  }
}

/** What is known of the process that runs in a container, from the container and the tree at `root`. */
export function planProcess(
  root: InRoot,
  asked: Pick<
    Container,
    | 'env'
    | 'workingDir'
    | 'user'
    | 'groupAdd'
    | 'hostname'
    | 'terminal'
    | 'capabilities'
    | 'noNewPrivileges'
    | 'privileged'
  > & {
    readonly argv: readonly string[];
  },
): ProcessPlan {
  const account = lookUpAccount(root, asked.user, asked.groupAdd);
  const isSet = (name: string): boolean => asked.env.some((entry) => entry.startsWith(`${name}=`));
  return {
    argv: asked.argv,
    env: [
      ...(isSet('PATH') ? [] : ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin']),
      ...(isSet('HOSTNAME') ? [] : [`HOSTNAME=${asked.hostname}`]),
      ...(asked.terminal && !isSet('TERM') ? ['TERM=xterm'] : []),
      ...asked.env,
      ...(isSet('HOME') ? [] : [`HOME=${account.home}`]),
    ],
    cwd: asked.workingDir,
    account,
    terminal: asked.terminal,
    capabilities: asked.capabilities,
    noNewPrivileges: asked.noNewPrivileges,
    privileged: asked.privileged,
  };
}

async function writeBundle(engine: Engine, container: Container, runtime: string): Promise<void> {
  const path = await engine.layers.mount(container.id);
  const root = new InRoot(path);
  try {
    // Docker makes the working directory where it is missing.
    makeWorkingDirectory(root, container.workingDir);
    const asked = await prepareMounts(engine, container, runtime);
    const targets = new Set(asked.map(({ destination }) => destination));
    const own = writeOwnFiles(engine, container).filter(({ destination }) => !targets.has(destination));
    const mounts = orderMounts([...own, ...asked].map((mount) => ({ ...mount, target: mount.destination })));
    const spec = runtimeSpec({
      process: planProcess(root, { ...container, argv: [...container.entrypoint, ...container.command] }),
      root: path,
      readOnlyRoot: container.readOnlyRoot,
      hostname: container.hostname,
      network: container.network,
      sysctls: container.sysctls,
      limits: container.limits,
      mounts: mounts.map(({ destination, type, source, options }) => ({
        destination,
        type,
        source,
        options,
      })),
      cgroup: controlGroup(container.id),
      unifiedCgroups: hasUnifiedCgroups(),
      seccomp: seccompOf(container),
    });
    writeFileSync(bundlePath(engine, container.id, 'config.json'), JSON.stringify(spec), { mode: 0o600 });
  } finally {
    root.close();
  }
}

/** What making a directory says of something else in its place, a link that leads nowhere, say. */
const inTheWay = ['EEXIST', 'ENOENT', 'ENOTDIR', 'ELOOP'] as const;

/** UserError `bad-workdir` where something else is in the way. */
function makeWorkingDirectory(root: InRoot, path: string): void {
  try {
    closeSync(root.makeDirectory(nameFromText(path)).directory);
  } catch (cause) {
    if (!inTheWay.some((code) => isFsError(cause, code))) throw cause;
    throw new UserError('bad-workdir', `the working directory ${path} is no directory in the container`, {
      hint: 'name a directory, or what can become one: -w',
      exitCode: 125,
      cause,
    });
  }
}

/** How long the exit status of a container that is gone is kept for who may still wait for it. */
const exitKeptMs = 300_000;

function clearRemains(engine: Engine, id: string): void {
  const exits = exitsPath(engine);
  mkdirSync(exits, { recursive: true, mode: 0o700 });
  for (const name of readdirSync(exits)) {
    const written = statSync(join(exits, name), { throwIfNoEntry: false })?.mtimeMs ?? 0;
    const isForgotten = !existsSync(containerPath(engine, name)) && Date.now() - written > exitKeptMs;
    if (name === id || isForgotten) rmSync(join(exits, name), { force: true });
  }
  mkdirSync(bundlePath(engine, id), { recursive: true, mode: 0o700 });
}

/** Starts who writes the log, and conmon. Answers the id of the container's process. */
async function supervise(engine: Engine, container: Container, { run, runtime }: Run): Promise<number> {
  const { id, name, terminal, openStdin, stdinOnce } = container;
  const log = await tellingNoSpace(dirname(engine.containers), () => startLogWriter(engine, id));
  try {
    return await startConmon({
      ...{ id, name, terminal, openStdin, stdinOnce, runtime },
      log: log.input,
      runtimeState: runtimeState(engine),
      bundle: bundlePath(engine, id),
      exits: exitsPath(engine),
      exitCommand: [...engine.exitCommand, id, run],
    });
  } finally {
    log.release();
  }
}

/**
 * UserError `root-gone` where the file system of a container that runs does not answer any more: whoever served it was
 * killed.
 */
export function checkRoot({ name }: Container, pid: number): void {
  try {
    // Attributes are cached, this is always asked for.
    statfsSync(`/proc/${String(pid)}/root/`);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOTCONN') return;
    throw new UserError('root-gone', `the file system of ${name} has gone: its server has ended`, {
      hint: `stop and start it: strata stop ${name}; strata start ${name}`,
      cause,
    });
  }
}

/** `process.json` for the runtime's exec. */
export function execSpec(root: InRoot, asked: Parameters<typeof planProcess>[1]): object {
  return processSpec(planProcess(root, asked));
}
