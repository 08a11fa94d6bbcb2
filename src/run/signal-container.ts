/**
 * Signals to the first process of a container: sent through its runtime, which knows which process that is.
 */
import { constants } from 'node:os';
import { sleepUntil } from '../base/sleep-until.ts';
import { UserError } from '../base/user-error.ts';
import { runChild } from '../store/child.ts';
import { withContainer } from './container-book.ts';
import { findRun, isActive, readStatus, type Container } from './container.ts';
import { runtimeState, type Engine } from './engine.ts';
import { thaw } from './pause-container.ts';
import { messageOf } from './runtime.ts';
import { notRunning } from './state-errors.ts';
import { waitForExit } from './wait-exit.ts';

/** `KILL`, `SIGKILL`, `9` or `SIGRTMIN+3` as a number. UserError `bad-signal`. */
export function signalNumber(text: string): number {
  const name = `SIG${text.toUpperCase().replace(/^SIG/, '')}`.replace(/^SIGCLD$/, 'SIGCHLD');
  const number = /^\d+$/.test(text)
    ? Number(text)
    : ((constants.signals as Record<string, number | undefined>)[name] ?? realTimeSignal(name));
  if (number === undefined || number < 1 || number > 64)
    throw new UserError('bad-signal', `Invalid signal: ${text}`, {
      hint: 'name one as kill(1) does: TERM, HUP, 9',
    });
  return number;
}

/** Those that programs may use: the C library keeps two of the kernel's for itself (signal(7)). */
function realTimeSignal(name: string): number | undefined {
  const [, end, distance = '0'] = /^SIGRT(MIN|MAX)(?:[+-](\d+))?$/.exec(name) ?? [];
  if (end === undefined) return undefined;
  return end === 'MIN' ? 34 + Number(distance) : 64 - Number(distance);
}

/**
 * A signal that ends a container also lets it go where it is paused; another one waits until somebody does.
 * UserError `not-running`, `signal-failed`.
 */
export async function signalContainer(engine: Engine, container: Container, signal: string): Promise<void> {
  const number = signalNumber(signal);
  const run = await findRun(engine, container.id);
  const before = await readStatus(engine, container.id);
  if (run === undefined || !isActive(before)) throw notRunning(container);
  const args = ['--root', runtimeState(engine), 'kill', container.id, String(number)];
  try {
    await runChild(run.runtime, args);
  } catch (cause) {
    // It has ended between the look and the signal: where that was wanted all is well, as with Docker (Kill in daemon/kill.go).
    if (!isActive(await readStatus(engine, container.id))) {
      if (number === constants.signals.SIGKILL) return;
      throw notRunning(container);
    }
    const said = cause instanceof UserError ? messageOf(cause.message) : undefined;
    throw new UserError('signal-failed', `${container.name} got no signal: ${said ?? ''}`, { cause });
  }
  if (before.status === 'paused' && endsIt(container, number))
    await withContainer(engine, container.id, () => thaw(engine, container));
}

export interface StopOptions {
  /** How long it has; unless told what it was made with, or 10 seconds. Negative: for as long as it takes. */
  readonly graceSec?: number | undefined;
  /** What asks it to end, in place of its own. */
  readonly signal?: string | undefined;
}

/** Docker's. */
const usualGraceSec = 10;

/**
 * Asks it to end, and after a while makes it; answers when it has ended, at once when it does not run. UserError
 * `bad-signal`, `signal-failed`.
 */
export async function stopContainer(
  engine: Engine,
  container: Container,
  { graceSec = container.stopTimeout ?? usualGraceSec, signal = container.stopSignal }: StopOptions,
): Promise<void> {
  signalNumber(signal);
  // One that is just being started is not missed.
  if (!isActive(await readStatus(engine, container.id)))
    await withContainer(engine, container.id, () => Promise.resolve());
  const ended = waitForExit(engine, container.id);
  // Thrown below, when the signal is sent.
  ended.catch(() => undefined);
  try {
    // Whichever asks it to end lets it go where it is paused.
    await signalContainer(engine, { ...container, stopSignal: signal }, signal);
    if (graceSec >= 0 && (await isLate(ended, graceSec))) await signalContainer(engine, container, 'KILL');
  } catch (thrown) {
    if (!(thrown instanceof UserError && thrown.code === 'not-running')) throw thrown;
  }
  await ended;
}

/** Whether nothing has `ended` within so many seconds. */
async function isLate(ended: Promise<unknown>, graceSec: number): Promise<boolean> {
  const patience = new AbortController();
  const late = sleepUntil(Date.now() + graceSec * 1000, patience.signal);
  try {
    return await Promise.race([ended.then(() => false), late.then(() => true)]);
  } finally {
    patience.abort();
  }
}

function endsIt({ stopSignal }: Container, signal: number): boolean {
  return signal === constants.signals.SIGKILL || signal === signalNumber(stopSignal);
}
