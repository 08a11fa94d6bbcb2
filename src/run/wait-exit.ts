/**
 * Waiting for a run to end. conmon writes the exit status into a file; a conmon that was killed writes none, so
 * somebody has to look now and then whether it is still there.
 */
import { watch } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { findExitCode, isSupervised, readStatus, unknownExitCode } from './container.ts';
import { exitsPath, type Engine } from './engine.ts';

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
  const stop = new AbortController();
  signal?.addEventListener('abort', () => {
    stop.abort();
  });
  const watcher = watch(exitsPath(engine), { signal: stop.signal });
  watcher.on('error', () => undefined);
  try {
    for (;;) {
      signal?.throwIfAborted();
      const changed = new Promise<void>((resolve) => {
        watcher.once('change', () => {
          resolve();
        });
      });
      // In this order: what was written before the look is seen by it, what comes after wakes us.
      const code = await findExitCode(engine, id);
      if (code !== undefined) return code;
      if (!(await isSupervised(engine, id))) return await lastWord(engine, id);
      await Promise.race([
        changed,
        sleep(glanceMs, undefined, { signal: stop.signal }).catch(() => undefined),
      ]);
    }
  } finally {
    stop.abort();
  }
}

/** conmon ends after it has written, so what is not there now never comes; unless the end is over and was cleared up. */
async function lastWord(engine: Engine, id: string): Promise<number> {
  const code = await findExitCode(engine, id);
  if (code !== undefined) return code;
  const status = await readStatus(engine, id);
  return status.status === 'exited' ? status.exitCode : unknownExitCode;
}
