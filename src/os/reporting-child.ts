/**
 * A child process that says when it is ready. It gets a pipe as its descriptor 3, writes `0\n` there once
 * it does its work, or an exit status if it never will, and closes it. What it prints on its standard
 * error until then is kept for the caller. Standard input and output are /dev/null; descriptors of this
 * process do not reach it.
 */
import { spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';

/** The descriptor on which a child reports. */
export const reportDescriptor = 3;

export interface ChildExit {
  /** Exit status; null when a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface ReportingChild {
  readonly pid: number;
  /**
   * Resolves to the status that was reported: 0 for ready. A child that ends without a report counts as
   * status 1. Never rejects.
   */
  readonly report: Promise<number>;
  /** Resolves when the child has ended. Never rejects. */
  readonly exited: Promise<ChildExit>;
  /** What it has printed on its standard error so far, the last 64 KiB of it. */
  errorOutput(): string;
  /** Sends a signal, if the child still runs. */
  kill(signal: NodeJS.Signals): void;
  /** Lets this process end while the child runs. */
  unref(): void;
  /** Keeps this process from ending before the child, which is so at first. */
  ref(): void;
}

export interface ReportingChildOptions {
  readonly program: string;
  readonly args: readonly string[];
  /** In a session of its own: a signal from the terminal does not reach it. */
  readonly detached?: boolean;
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
}

const maxErrorOutput = 65536;

/** Starts it. Rejects where the program cannot be started at all (Node's own error, `code` as in `execve`). */
export async function startReportingChild(options: ReportingChildOptions): Promise<ReportingChild> {
  const child = spawn(options.program, options.args, {
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    detached: options.detached ?? false,
    env: options.env ?? process.env,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  const exited = new Promise<ChildExit>((resolve) => {
    child.once('exit', (code, signal) => {
      resolve({ code, signal });
    });
  });
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', reject);
  });
  // Pipes of a child are sockets.
  const errors = child.stderr as Socket;
  const reports = child.stdio[reportDescriptor] as Readable;
  const errorText = collect(errors, maxErrorOutput);
  const reportText = collect(reports, 16);
  const report = ended(reports).then(() => {
    const status = Number.parseInt(reportText(), 10);
    return Number.isNaN(status) ? 1 : status;
  });
  return {
    pid: child.pid as number,
    report,
    exited: Promise.all([exited, ended(errors)]).then(([exit]) => exit),
    errorOutput: errorText,
    kill: (signal) => {
      child.kill(signal);
    },
    unref: () => {
      child.unref();
      errors.unref();
    },
    ref: () => {
      child.ref();
      errors.ref();
    },
  };
}

function ended(stream: Readable): Promise<void> {
  return new Promise((resolve) => {
    stream.once('close', resolve);
  });
}

function collect(stream: Readable, max: number): () => string {
  let text = '';
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    text = (text + chunk).slice(-max);
  });
  return () => text;
}
