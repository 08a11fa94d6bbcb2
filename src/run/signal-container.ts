/**
 * Signals to the first process of a container: sent through its runtime, which knows which process that is.
 */
import { spawnSync } from 'node:child_process';
import { constants } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { UserError } from '../base/user-error.ts';
import { findRun, readStatus, type Container } from './container.ts';
import { runtimeState, type Engine } from './engine.ts';
import { messageOf } from './runtime.ts';
import { waitForExit } from './wait-exit.ts';

/** `KILL`, `SIGKILL` or `9` as a number. UserError `bad-signal`. */
export function signalNumber(text: string): number {
  const name = `SIG${text.toUpperCase().replace(/^SIG/, '')}`;
  const number = /^\d+$/.test(text)
    ? Number(text)
    : (constants.signals as Record<string, number | undefined>)[name];
  if (number === undefined || number < 1 || number > 64)
    throw new UserError('bad-signal', `Invalid signal: ${text}`, {
      hint: 'name one as kill(1) does: TERM, HUP, 9',
    });
  return number;
}

/** UserError `not-running`, `signal-failed`. */
export async function signalContainer(engine: Engine, container: Container, signal: string): Promise<void> {
  const number = signalNumber(signal);
  const run = await findRun(engine, container.id);
  if (run === undefined || (await readStatus(engine, container.id)).status !== 'running')
    throw notRunning(container);
  const args = ['--root', runtimeState(engine), 'kill', container.id, String(number)];
  const { status, stderr } = spawnSync(run.runtime, args, { encoding: 'utf8' });
  if (status === 0) return;
  // It has ended between the look and the signal.
  if ((await readStatus(engine, container.id)).status !== 'running') throw notRunning(container);
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

export function notRunning({ name }: Container): UserError {
  return new UserError('not-running', `container ${name} is not running`, {
    hint: `strata start ${name} starts it`,
  });
}
