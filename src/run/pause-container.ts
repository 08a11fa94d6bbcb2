/**
 * `pause` and `unpause`: all processes of a container held still where they are, and let go again, by the freezer of its
 * control group, through its runtime. The kernel is asked which it is, so nothing is written down.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { UserError } from '../base/user-error.ts';
import { withPresentContainer } from './container-book.ts';
import { findRun, isActive, readStatus, type Container } from './container.ts';
import { bundlePath, runtimeState, type Engine } from './engine.ts';
import { messageOf } from './runtime.ts';
import { isPaused, notRunning } from './state-errors.ts';

/** One that is held for a moment, by `commit` say, first goes on. UserError `not-running`, `paused`, `pause-failed`, `no-such-container`. */
export async function pauseContainer(engine: Engine, container: Container): Promise<void> {
  await withPresentContainer(engine, container, async () => {
    const { status } = await readStatus(engine, container.id);
    if (status === 'paused') throw isPaused(container);
    if (status !== 'running') throw notRunning(container);
    await freeze(engine, container);
  });
}

/** UserError `not-running`, `not-paused`, `pause-failed`, `no-such-container`. */
export async function unpauseContainer(engine: Engine, container: Container): Promise<void> {
  await withPresentContainer(engine, container, async () => {
    const status = await readStatus(engine, container.id);
    if (!isActive(status)) throw notRunning(container);
    if (status.status !== 'paused')
      throw new UserError('not-paused', `container ${container.name} is not paused`);
    await thaw(engine, container);
  });
}

/** Lets go one that is held; nothing happens to another. The holder of `withContainer` calls. UserError `pause-failed`. */
export async function thaw(engine: Engine, container: Container): Promise<void> {
  if ((await readStatus(engine, container.id)).status === 'paused') await ask(engine, container, 'resume');
}

/** The file in the bundle of a container that a command holds still. */
const heldFile = 'held';

/**
 * Runs `act` while one that runs is held still; the holder of `withContainer` calls. Whatever becomes of this process, the
 * container goes on: see `thawAbandoned`.
 */
export async function whileFrozen<T>(
  engine: Engine,
  container: Container,
  act: () => Promise<T>,
): Promise<T> {
  const held = bundlePath(engine, container.id, heldFile);
  writeFileSync(held, '', { mode: 0o600 });
  try {
    await freeze(engine, container);
    return await act();
  } finally {
    await thaw(engine, container);
    rmSync(held, { force: true });
  }
}

/** Lets go what a command that was killed has held; the holder of `withContainer` calls. */
export async function thawAbandoned(engine: Engine, container: Container): Promise<void> {
  const held = bundlePath(engine, container.id, heldFile);
  if (!existsSync(held)) return;
  await thaw(engine, container);
  rmSync(held, { force: true });
}

/** Holds still one that runs. UserError `pause-failed`. */
function freeze(engine: Engine, container: Container): Promise<void> {
  return ask(engine, container, 'pause');
}

async function ask(engine: Engine, { id, name }: Container, verb: 'pause' | 'resume'): Promise<void> {
  const run = await findRun(engine, id);
  if (run === undefined) return;
  const args = ['--root', runtimeState(engine), verb, id];
  const { status, stderr } = spawnSync(run.runtime, args, { encoding: 'utf8' });
  // It may have ended between the look and the question, which is as good as being let go.
  if (status === 0 || (verb === 'resume' && !isActive(await readStatus(engine, id)))) return;
  throw new UserError(
    'pause-failed',
    `${verb} of ${name} failed: ${messageOf(stderr) ?? 'no reason given'}`,
    {
      hint: 'strata info tells which runtimes work here',
    },
  );
}
