/**
 * conmon (github.com/containers/conmon), one for each run of a container: it makes the container with the runtime,
 * holds its terminal or pipes, writes what comes out of it to the writer of its log, and, when it ends, its exit status, and
 * then starts the exit command. It also holds the terminal of a process that was let run in a container, or is watched
 * from outside of a terminal.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
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
  readonly stdinOnce: boolean | undefined;
  readonly exitCommand: readonly string[];
}

/** A process in a container that runs, with a terminal that conmon holds. */
export interface ConmonExecRequest extends Pick<ConmonRequest, 'id' | 'runtime' | 'runtimeState' | 'exits'> {
  /** The file that `RUNTIME exec --process` takes; not needed once the process has begun. */
  readonly spec: string;
  /** Where the runtime writes the process's id; not needed either. */
  readonly pidFile: string;
}

/** One that waits until somebody sees what it prints. */
export interface PreparedExec {
  /** Lets it begin. Answers its id. UserError as `startConmon`. */
  begin(): Promise<number>;
  /** Of one that has begun: resolves to its exit status when it has ended, to undefined where its conmon was killed. */
  end(): Promise<number | undefined>;
}

/**
 * Makes the container; its process waits for `RUNTIME start`. Answers the process's id. UserError `no-conmon`, and
 * those of `startError`.
 */
export function startConmon(request: ConmonRequest): Promise<number> {
  return leaveBehind(launch(argumentsOf(request), request));
}

/** Begins the process, of which nobody sees what it prints. Answers its id. UserError as `startConmon`. */
export function execByConmon(request: ConmonExecRequest): Promise<number> {
  // Without a bundle it makes no sockets to attach to.
  return leaveBehind(launch(execArguments(request), request));
}

/**
 * Makes the sockets to attach to in `bundle`, for a process that begins when it is told to: nothing of what it prints is
 * missed. UserError as `startConmon`.
 */
export async function prepareExec(
  request: ConmonExecRequest & { readonly bundle: string },
): Promise<PreparedExec> {
  const args = [...execArguments(request), '--exec-attach', '--full-attach', '--bundle', request.bundle];
  const conmon = launch(args, request, ['_OCI_STARTPIPE', '_OCI_ATTACHPIPE']);
  const [start, ready] = conmon.child.stdio.slice(4) as [Writable, Readable];
  // Where conmon has ended the other pipes tell.
  start.on('error', () => undefined);
  // It waits for a word twice: before it does anything, and before it lets the runtime begin.
  start.write('\n');
  const [{ value }] = await Promise.all([linesOf(ready).next(), conmon.gone]);
  ready.destroy();
  if (parse(value)?.data !== 0) throw failure(conmon);
  return {
    begin: () => {
      start.end('\n');
      return begun(conmon);
    },
    end: async () => {
      const { value } = await conmon.told.next();
      const { data } = parse(value) ?? { data: -1 };
      return data < 0 ? undefined : data;
    },
  };
}

interface Conmon {
  readonly child: ChildProcess;
  /** What it tells until it ends, a line each. */
  readonly told: AsyncGenerator<string, undefined>;
  /** Resolves when it has gone into the background. */
  readonly gone: Promise<unknown>;
  /** What it has complained of. */
  readonly complaints: () => string;
}

/** `pipes`: variables that name more of them to it, from descriptor 4 on. UserError `no-conmon`. */
function launch(
  args: readonly string[],
  { log, exits }: { readonly log?: number; readonly exits: string },
  pipes: readonly string[] = [],
): Conmon {
  const program = findProgram('conmon');
  if (program === undefined)
    throw new UserError('no-conmon', 'conmon, which watches over containers, is not installed', {
      hint: 'install the package conmon: apt-get install conmon',
      exitCode: 125,
    });
  const all = ['_OCI_SYNCPIPE', ...pipes];
  const child = spawn(program, args, {
    // It reads nothing, and soon puts /dev/null in the place of its first descriptor. The pipe is where it tells the process's id, or what went wrong.
    stdio: [log ?? 'ignore', 'ignore', 'pipe', ...all.map(() => 'pipe' as const)],
    env: { ...process.env, ...Object.fromEntries(all.map((name, at) => [name, String(3 + at)])) },
    detached: true,
    // Where it leaves a file `oom` when memory was short; outlives it.
    cwd: exits,
  });
  let errors = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    errors = (errors + text).slice(-4096);
  });
  return {
    child,
    told: linesOf(child.stdio[3] as Readable),
    gone: once(child, 'exit'),
    complaints: () => errors,
  };
}

/** As `begun`, for one whose end nobody waits for. */
async function leaveBehind(conmon: Conmon): Promise<number> {
  try {
    return await begun(conmon);
  } finally {
    // conmon keeps the pipe for as long as it lives.
    await conmon.told.return(undefined);
  }
}

/** The id of the process. UserError of `startError`. */
async function begun(conmon: Conmon): Promise<number> {
  const [{ value }] = await Promise.all([conmon.told.next(), conmon.gone]);
  conmon.child.stderr?.destroy();
  const answer = parse(value);
  if (answer === undefined || answer.data <= 0) throw failure(conmon, answer?.message);
  return answer.data;
}

function failure({ complaints }: Conmon, message = ''): UserError {
  return startError(messageOf(message) ?? messageOf(complaints()) ?? 'conmon gave no reason');
}

function commonArguments({
  id,
  runtime,
  runtimeState,
}: Pick<ConmonRequest, 'id' | 'runtime' | 'runtimeState'>): string[] {
  return [
    ...['--api-version', '1', '--cid', id, '--cuuid', id, '--log-level', 'error'],
    ...['--runtime', runtime, '--runtime-arg=--root', `--runtime-arg=${runtimeState}`],
  ];
}

function execArguments(request: ConmonExecRequest): string[] {
  const files = ['--exec-process-spec', request.spec, '--container-pidfile', request.pidFile];
  return [...commonArguments(request), '--exec', ...files, '--log-path', 'none', '--terminal'];
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
    ...(request.openStdin && request.stdinOnce === false ? ['--leave-stdin-open'] : []),
    ...['--exit-command', request.exitCommand[0] ?? ''],
    ...request.exitCommand.slice(1).map((argument) => `--exit-command-arg=${argument}`),
  ];
}

async function* linesOf(from: Readable): AsyncGenerator<string, undefined> {
  let rest = '';
  for await (const chunk of from.setEncoding('utf8') as AsyncIterable<string>) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
  return undefined;
}

function parse(line: string | undefined): { readonly data: number; readonly message?: string } | undefined {
  try {
    return JSON.parse(line ?? '') as { data: number; message?: string };
  } catch {
    return undefined;
  }
}
