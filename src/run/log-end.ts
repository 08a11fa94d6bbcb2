/**
 * When a log is complete: its writer is another process than the one that tells of a container's end, and holds a lock on the
 * log until it has written all (log-writer.ts).
 */
import { open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { isFsError } from '../base/fs-error.ts';
import { nameFromText } from '../base/name.ts';
import { tryLock, waitForLock, type Lock } from '../os/lock.ts';
import { isErrno } from '../store/durable.ts';
import { findExitCode, isSupervised } from './container.ts';
import { logPath, type Engine } from './engine.ts';

/** More than it takes to write what a pipe holds: who has not done that by then was stopped, or waits for a dead disk. */
const patienceMs = 5000;

/** The lock on the log at `path`; undefined where somebody has it for longer than a writer should. FsError ENOENT. */
export async function findLogLock(path: string): Promise<Lock | undefined> {
  const patience = AbortSignal.timeout(patienceMs);
  try {
    return await waitForLock(nameFromText(path), 'exclusive', patience);
  } catch (thrown) {
    if (patience.aborted && thrown === patience.reason) return undefined;
    throw thrown;
  }
}

/** Waits, if not for ever, until the writer of a run that has ended is done; with `sync`, until the log is on the disk. */
export async function completeLog(
  engine: Engine,
  id: string,
  { sync }: { readonly sync: boolean },
): Promise<void> {
  try {
    (await findLogLock(logPath(engine, id)))?.release();
    if (!sync) return;
    const file = await open(logPath(engine, id), 'r');
    await file.sync().finally(() => file.close());
  } catch (thrown) {
    // A start that failed early has none; and what the disk does not take keeps no container from ending.
    if (!isErrno(thrown, 'ENOENT', 'EIO', 'ENOSPC', 'EDQUOT')) throw thrown;
  }
}

/** The longest pause between two looks. */
const longestPauseMs = 50;

/** Resolves when all that was printed is in the log, or when the container runs, so that more is to come. */
export async function untilLogComplete(engine: Engine, id: string): Promise<void> {
  for (let pauseMs = 1; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
    try {
      const lock = tryLock(nameFromText(logPath(engine, id)));
      lock?.release();
      if (lock !== undefined) return;
    } catch (thrown) {
      if (isFsError(thrown, 'ENOENT')) return;
      throw thrown;
    }
    // conmon writes the exit status before it lets go of the log.
    if ((await findExitCode(engine, id)) === undefined && (await isSupervised(engine, id))) return;
    await sleep(pauseMs);
  }
}
