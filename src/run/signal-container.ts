/**
 * Signals to the first process of a container: sent through its runtime, which knows which process that is.
 */
import { spawnSync } from 'node:child_process';
import { constants } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { UserError } from '../base/user-error.ts';
import { withContainer } from './container-book.ts';
import { findRun, isActive, readStatus, type Container } from './container.ts';
import { runtimeState, type Engine } from './engine.ts';
import { thaw } from './pause-container.ts';
import { messageOf } from './runtime.ts';
import { notRunning } from './state-errors.ts';
import { waitForExit } from './wait-exit.ts';

/** `KILL`, `SIGKILL`, `9` or `SIGRTMIN+3` as a number. UserError `bad-signal`. */
export function signalNumber(text: string): number {
  const name = `SIG${text.toUpperCase().replace(/^SIG/, '')}`;
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
  const { status, stderr } = spawnSync(run.runtime, args, { encoding: 'utf8' });
  if (status === 0) {
    if (before.status === 'paused' && endsIt(container, number))
      await withContainer(engine, container.id, () => thaw(engine, container));
    return;
  }
  // It has ended between the look and the signal.
  if (!isActive(await readStatus(engine, container.id))) throw notRunning(container);
  throw new UserError('signal-failed', `${container.name} got no signal: ${messageOf(stderr) ?? ''}`);
}

/** Asks it to end, and after `graceSec` makes it; answers when it has ended, at once when it does not run. */
export async function stopContainer(engine: Engine, container: Container, graceSec: number): Promise<void> {
  const ended = waitForExit(engine, container.id);
  try {
    await signalContainer(engine, container, container.stopSignal);
    const patience = new AbortController();
    const late = sleep(graceSec * 1000, 'late', { signal: patience.signal }).catch(() => 'late');
    const first = await Promise.race([ended.then(() => 'ended'), late]);
    patience.abort();
    if (first === 'late') await signalContainer(engine, container, 'KILL');
  } catch (thrown) {
    if (!(thrown instanceof UserError && thrown.code === 'not-running')) throw thrown;
  }
  await ended;
}

function endsIt({ stopSignal }: Container, signal: number): boolean {
  return signal === constants.signals.SIGKILL || signal === signalNumber(stopSignal);
}
