/**
 * What commands that were killed have left running: commands of builds, which somebody must wait for, containers
 * that were never let go or are held still, and containers whose end nobody has written down. Also containers that were to
 * go with their end, and could not. Every command begins with a look for them, which costs two listings; who is at work holds
 * a lock, and is left alone.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { nameFromText } from '../base/name.ts';
import { tryLockThere } from '../os/lock.ts';
import { isBroken, namesIn } from '../store/durable.ts';
import { tryRemoval } from '../store/try-removal.ts';
import { collectUnfinished } from './container-book.ts';
import { findContainer, findRun, isActive, readStatus, type Container } from './container.ts';
import { endRun, removeFiles } from './end-run.ts';
import { bundlePath, bundlesPath, containerPath, runtimeState, type Engine } from './engine.ts';
import { thawAbandoned } from './pause-container.ts';
import { runtimeFile, stepPrefix } from './step-bundle.ts';

/** Ends them, and takes away what creations that did not come to their end have left. */
export async function endDeadRuns(engine: Engine): Promise<void> {
  for (const name of await namesIn(bundlesPath(engine.runRoot))) {
    if (name.startsWith(stepPrefix)) endDeadStep(engine, name);
    else await endIfDead(engine, name);
  }
  await collectUnfinished(engine);
}

/** A program may stand in the way: then it is ended by a later command. What is damaged stays: `system check` tells of it. */
async function endIfDead(engine: Engine, id: string): Promise<void> {
  try {
    await tryRemoval(() => endDeadRun(engine, id));
  } catch (thrown) {
    if (!isBroken(thrown)) throw thrown;
  }
}

function endDeadStep(engine: Engine, name: string): void {
  const bundle = bundlePath(engine, name);
  const lock = tryLockThere(nameFromText(bundle));
  if (lock === undefined) return;
  try {
    // Without that file it had not begun.
    if (existsSync(join(bundle, runtimeFile))) {
      const runtime = readFileSync(join(bundle, runtimeFile), 'utf8');
      spawnSync(runtime, ['--root', runtimeState(engine), 'delete', '--force', name], { stdio: 'ignore' });
    }
    rmSync(bundle, { recursive: true, force: true });
  } finally {
    lock.release();
  }
}

async function endDeadRun(engine: Engine, id: string): Promise<void> {
  const lock = tryLockThere(nameFromText(containerPath(engine, id)));
  if (lock === undefined) return;
  try {
    const [container, run] = [await findContainer(engine, id), await findRun(engine, id)];
    if (container === undefined || run === undefined) return;
    if (run.finishedAt !== undefined) {
      if (container.autoRemove) await removeFiles(engine, container, { volumes: true });
    } else if (await isDead(engine, container)) await endRun(engine, container, run.run);
    else await thawAbandoned(engine, container);
  } finally {
    lock.release();
  }
}

async function isDead(engine: Engine, { id }: Container): Promise<boolean> {
  if (!isActive(await readStatus(engine, id))) return true;
  // Its process waits at this FIFO until it is let go, and nobody is there to do it.
  return existsSync(join(runtimeState(engine), id, 'exec.fifo'));
}
