/**
 * Waiting for a run to end. conmon writes the exit status into a file; a conmon that was killed writes none, so
 * somebody has to look now and then whether it is still there.
 */
import { findExitCode, isActive, isSupervised, readStatus, unknownExitCode } from './container.ts';
import { exitsPath, type Engine } from './engine.ts';
import { watchChanges } from './watch-changes.ts';

/** How often one looks whether conmon lives: what it writes is told by the kernel at once. */
const glanceMs = 1000;

/**
 * Resolves to the exit status of the container's last run, at once for one that does not run. Rejects with the reason of
 * `signal`.
 */
export async function waitForExit(engine: Engine, id: string, signal?: AbortSignal): Promise<number> {
  const status = await readStatus(engine, id);
  // One that went with its end leaves its exit status for a while.
  if (status.status === 'created') return (await findExitCode(engine, id)) ?? 0;
  if (status.status === 'exited') return status.exitCode;
  const changes = watchChanges(exitsPath(engine), glanceMs);
  signal?.addEventListener('abort', changes.close);
  try {
    for (;;) {
      signal?.throwIfAborted();
      // In this order: what was written before the look is seen by it, what comes after wakes us.
      const changed = changes.next();
      const code = await findExitCode(engine, id);
      if (code !== undefined) return code;
      const last = (await isSupervised(engine, id)) ? undefined : await findLastWord(engine, id);
      if (last !== undefined) return last;
      await changed;
    }
  } finally {
    signal?.removeEventListener('abort', changes.close);
    changes.close();
  }
}

/**
 * conmon ends after it has written, so what is not there now never comes; unless the end is over and was cleared up. Undefined
 * while the process goes on without its conmon.
 */
async function findLastWord(engine: Engine, id: string): Promise<number | undefined> {
  const code = await findExitCode(engine, id);
  if (code !== undefined) return code;
  const status = await readStatus(engine, id);
  if (isActive(status)) return undefined;
  return status.status === 'exited' ? status.exitCode : unknownExitCode;
}
