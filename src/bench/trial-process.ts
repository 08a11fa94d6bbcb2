/**
 * Starts the process of a trial and waits for its answer. The process leads a group of its own, so that a trial ends
 * with all that it has started, and a signal of the terminal reaches the harness alone, which then ends the trial.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Answer, Job } from './job.ts';

/** After this long a trial is taken for hung. */
const trialLimitMs = 900_000;

/** Beside this file, compiled. */
export const trialProgram = fileURLToPath(new URL('./trial-main.js', import.meta.url));

/** Runs `job` to its end. Throws the reason of `signal` when that is aborted, after the process has ended. */
export async function runJob(job: Job, signal: AbortSignal): Promise<Answer> {
  signal.throwIfAborted();
  const child = fork(trialProgram, [JSON.stringify(job)], {
    detached: true,
    execArgv: [],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  const heard: { answer?: Answer; said: string; hung: boolean } = { said: '', hung: false };
  child.on('message', (message) => (heard.answer = message as Answer));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (heard.said += text));
  const end = (): void => {
    killGroup(child.pid);
  };
  const timer = setTimeout(() => {
    heard.hung = true;
    end();
  }, trialLimitMs);
  signal.addEventListener('abort', end);
  try {
    // Not `close`: a server that was left behind could hold a pipe.
    await once(child, 'exit');
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', end);
    child.stderr?.destroy();
  }
  signal.throwIfAborted();
  if (heard.answer !== undefined) return heard.answer;
  const why = heard.hung
    ? `no end after ${String(trialLimitMs / 1000)} s`
    : `ended without an answer: ${lastLine(heard.said)}`;
  return { fixtures: {}, error: why };
}

/** Ends a process and its group; nothing where it has ended. */
export function killGroup(leader: number | undefined): void {
  if (leader === undefined) return;
  try {
    process.kill(-leader, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}
