/**
 * One more process in a container that runs, by the runtime itself, which joins it with the terminal or the pipes of
 * this process; or by conmon, which holds a terminal on which nobody types.
 */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { basename, join } from 'node:path';
import { findVariable } from '../base/environment.ts';
import { UserError } from '../base/user-error.ts';
import { attach } from './attach.ts';
import { startError } from './start-error.ts';
import { execByConmon, prepareExec, type ConmonExecRequest } from './conmon.ts';
import { findRun, isActive, readStatus, unknownExitCode, type Container, type Run } from './container.ts';
import { bundlePath, exitsPath, runtimeState, type Engine } from './engine.ts';
import { mergeEnv } from './parse-env.ts';
import { lastFailure } from './runtime-log.ts';
import { openNamespaceRoot } from './namespace-root.ts';
import { checkRoot, execSpec } from './start-container.ts';
import { isPaused, notRunning } from './state-errors.ts';

export interface ExecRequest {
  readonly argv: readonly string[];
  readonly env: readonly string[];
  readonly workingDir?: string | undefined;
  readonly user?: string | undefined;
  readonly terminal: boolean;
  /** Standard input goes in (`-i`). */
  readonly openStdin: boolean;
  /** It runs on, and nobody waits, sees what it prints or types on its terminal. */
  readonly detached: boolean;
  /** It has all capabilities, also where its container has not. */
  readonly privileged: boolean;
}

/**
 * Runs it; answers its exit status, 128 and the signal that ended it, 0 for a detached one that has begun. UserError
 * `not-running`, `paused`, `no-such-user`, `no-conmon`, and `start-failed` with 126 or 127 as its exit status.
 */
export async function execInContainer(
  engine: Engine,
  container: Container,
  request: ExecRequest,
): Promise<number> {
  const run = await findRun(engine, container.id);
  const status = await readStatus(engine, container.id);
  if (run === undefined || !isActive(status)) throw notRunning(container);
  if (status.status === 'paused') throw isPaused(container);
  const spec = JSON.stringify(specOf(container, status.pid, request));
  const place = bundlePath(engine, container.id, `exec-${randomBytes(8).toString('hex')}`);
  mkdirSync(place, { mode: 0o700 });
  try {
    writeFileSync(join(place, specName), spec, { mode: 0o600 });
    if (!request.terminal || (request.openStdin && !request.detached))
      return await execHere(engine, container, run, place, request);
    const asked = conmonRequest(engine, container, run, place);
    if (!request.detached) return await execShown(asked, place);
    await execByConmon(asked);
    return 0;
  } finally {
    forget(place);
  }
}

/** In the directory that an exec has of its own in the bundle of its container. */
const specName = 'process.json';

function forget(place: string): void {
  rmSync(place, { recursive: true, force: true });
}

/** With the pipes or the terminal of this process. */
async function execHere(
  engine: Engine,
  { id }: Container,
  { runtime }: Run,
  place: string,
  request: ExecRequest,
): Promise<number> {
  const [spec, log] = [join(place, specName), join(place, 'log')];
  const args = [
    ...['--root', runtimeState(engine), '--log', log, '--log-format', 'json'],
    ...['exec', ...(request.detached ? ['--detach'] : []), '--process', spec, id],
  ];
  const input = request.openStdin ? 'inherit' : 'ignore';
  const output = request.detached ? 'ignore' : 'inherit';
  // The runtime's own messages are in its log; what the process says goes to whoever called.
  const child = spawn(runtime, args, { stdio: [input, output, output] });
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  const failure = lastFailure(log);
  if (failure !== undefined && code !== 0) {
    const error = startError(failure);
    // runc prints it as well, on what it has given to the process.
    if (basename(runtime) === 'runc') return error.exitCode;
    throw error;
  }
  return code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
}

/** With a terminal of its own, wherever this process has its outputs: what is printed there comes out here. */
async function execShown(request: ConmonExecRequest, place: string): Promise<number> {
  const exec = await prepareExec({ ...request, bundle: place });
  const { stdout, stderr } = process;
  const attachment = attach(place, { stdin: undefined, stdout, stderr }, true);
  try {
    await exec.begin();
    // All that is needed of it is open: so nothing stays where this process is killed.
    forget(place);
    await attachment.done;
    return (await exec.end()) ?? unknownExitCode;
  } finally {
    await attachment.close();
  }
}

function conmonRequest(
  engine: Engine,
  { id }: Container,
  { runtime }: Run,
  place: string,
): ConmonExecRequest {
  return {
    ...{ id, runtime, runtimeState: runtimeState(engine), exits: exitsPath(engine) },
    spec: join(place, specName),
    pidFile: join(place, 'pid'),
  };
}

/** Users are looked up as the container sees itself: what is mounted over /etc counts. */
function specOf(container: Container, pid: number, request: ExecRequest): object {
  checkRoot(container, pid);
  const root = openNamespaceRoot(pid);
  try {
    return execSpec(root, {
      argv: request.argv,
      env: mergeEnv(container.env, request.env, findVariable),
      workingDir: request.workingDir ?? container.workingDir,
      user: request.user ?? container.user,
      groupAdd: container.groupAdd,
      hostname: container.hostname,
      terminal: request.terminal,
      capabilities: container.capabilities,
      noNewPrivileges: container.noNewPrivileges,
      privileged: request.privileged || container.privileged,
    });
  } catch (thrown) {
    throw forExec(thrown);
  } finally {
    root.close();
  }
}

/** Who it is to run as is asked when a container is made, but when a process in one begins: it cannot be run then. */
function forExec(thrown: unknown): unknown {
  if (!(thrown instanceof UserError && thrown.code === 'no-such-user')) return thrown;
  const hint = thrown.hint === undefined ? {} : { hint: thrown.hint };
  return new UserError(thrown.code, thrown.message, { ...hint, exitCode: 126, cause: thrown });
}
