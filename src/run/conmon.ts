/**
 * conmon (github.com/containers/conmon), one for each run of a container: it makes the container with the runtime,
 * holds its terminal or pipes, writes what comes out of it to the writer of its log, and, when it ends, its exit status, and
 * then starts the exit command. It also holds the terminal of a process that was let run in a container.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { UserError } from '../base/user-error.ts';
import { findProgram, messageOf } from './runtime.ts';
import { startError } from './start-error.ts';

export interface ConmonRequest {
  readonly id: string;
  readonly name: string;
  readonly runtime: string;
  /** Where the runtime keeps what it knows. */
  readonly runtimeState: string;
  /** Holds config.json; conmon makes its sockets there. */
  readonly bundle: string;
  /** `input` of its log's writer. */
  readonly log: number;
  /** It writes the exit status to the file ID in there: apart from the data root, which may be full. */
  readonly exits: string;
  readonly terminal: boolean;
  readonly openStdin: boolean;
  readonly exitCommand: readonly string[];
}

/** A process in a container that runs, with a terminal whose output nobody sees. */
export interface ConmonExecRequest extends Pick<ConmonRequest, 'id' | 'runtime' | 'runtimeState' | 'exits'> {
  /** The file that `RUNTIME exec --process` takes; not needed once the process has begun. */
  readonly spec: string;
  /** Where the runtime writes the process's id; not needed either. */
  readonly pidFile: string;
}

/**
 * Makes the container; its process waits for `RUNTIME start`. Answers the process's id. UserError `no-conmon`, and
 * those of `startError`.
 */
export function startConmon(request: ConmonRequest): Promise<number> {
  return run(argumentsOf(request), request.log, request.exits);
}

/** Begins the process, and holds its terminal until it ends. Answers its id. UserError as `startConmon`. */
export function execByConmon(request: ConmonExecRequest): Promise<number> {
  const { spec, pidFile } = request;
  const args = ['--exec', '--exec-process-spec', spec, '--container-pidfile', pidFile];
  // Without a bundle it makes no sockets to attach to.
  return run(
    [...commonArguments(request), ...args, '--log-path', 'none', '--terminal'],
    'ignore',
    request.exits,
  );
}

/** `cwd`: where it leaves a file `oom` when memory was short; outlives it. */
async function run(args: readonly string[], input: number | 'ignore', cwd: string): Promise<number> {
  const program = findProgram('conmon');
  if (program === undefined)
    throw new UserError('no-conmon', 'conmon, which watches over containers, is not installed', {
      hint: 'install the package conmon: apt-get install conmon',
      exitCode: 125,
    });
  const child = spawn(program, args, {
    // It reads nothing, and soon puts /dev/null in the place of its first descriptor. The pipe is where it tells the process's id, or what went wrong.
    stdio: [input, 'ignore', 'pipe', 'pipe'],
    env: { ...process.env, _OCI_SYNCPIPE: '3' },
    detached: true,
    cwd,
  });
  let errors = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    errors = (errors + text).slice(-4096);
  });
  const [answer] = await Promise.all([firstLine(child.stdio[3] as Readable), once(child, 'exit')]);
  child.stderr?.destroy();
  const { data, message } = parse(answer) ?? { data: -1, message: errors };
  if (data > 0) return data;
  throw startError(messageOf(message ?? '') ?? messageOf(errors) ?? 'conmon gave no reason');
}

function commonArguments({
  id,
  runtime,
  runtimeState,
}: Omit<ConmonExecRequest, 'spec' | 'pidFile'>): string[] {
  return [
    ...['--api-version', '1', '--cid', id, '--cuuid', id, '--log-level', 'error'],
    ...['--runtime', runtime, '--runtime-arg=--root', `--runtime-arg=${runtimeState}`],
  ];
}

function argumentsOf(request: ConmonRequest): string[] {
  const { bundle } = request;
  return [
    ...commonArguments(request),
    ...['--name', request.name, '--bundle', bundle],
    ...['--container-pidfile', `${bundle}/pid`, '--conmon-pidfile', `${bundle}/conmon.pid`],
    ...['--log-path', 'k8s-file:/proc/self/fd/0'],
    ...['--exit-dir', request.exits, '--full-attach'],
    ...(request.terminal ? ['--terminal'] : []),
    ...(request.openStdin ? ['--stdin'] : []),
    ...['--exit-command', request.exitCommand[0] ?? ''],
    ...request.exitCommand.slice(1).map((argument) => `--exit-command-arg=${argument}`),
  ];
}

async function firstLine(from: Readable): Promise<string> {
  let text = '';
  for await (const chunk of from.setEncoding('utf8') as AsyncIterable<string>) {
    text += chunk;
    // conmon keeps the pipe for as long as it lives.
    if (text.includes('\n')) break;
  }
  return text;
}

function parse(answer: string): { readonly data: number; readonly message?: string } | undefined {
  try {
    return JSON.parse(answer) as { data: number; message?: string };
  } catch {
    return undefined;
  }
}
