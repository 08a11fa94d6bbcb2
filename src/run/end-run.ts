/**
 * The end of a run: what the runtime, the mounts and the bundle hold is given back, the exit status is kept, and a
 * container that was to go with its end is removed. conmon's exit command does it, or whoever comes first and sees
 * that it is due; a second time nothing happens.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { rmdir } from 'node:fs/promises';
import { hasOomKill } from '../os/control-group.ts';
import { isErrno } from '../store/durable.ts';
import { beginRemoval, forgetContainer } from './container-book.ts';
import { releaseMounts } from './container-mounts.ts';
import { findExitCode, findRun, unknownExitCode, writeRun, type Container } from './container.ts';
import { bundlePath, controlGroup, runtimeState, type Engine } from './engine.ts';
import { completeLog } from './log-end.ts';
import { removeUnused } from './volume-users.ts';

/** Of a run that never began. */
export interface FailedStart {
  /** Undefined: whatever conmon has written. */
  readonly exitCode: number | undefined;
  /** What was wrong. */
  readonly error: string;
}

/** Ends the run `wanted`, the holder of `withContainer` calls. Answers the exit status. */
export async function endRun(
  engine: Engine,
  container: Container,
  wanted: string,
  failure?: FailedStart,
): Promise<number> {
  const { id } = container;
  const run = await findRun(engine, id);
  if (run?.run !== wanted) return unknownExitCode;
  if (run.finishedAt !== undefined) return run.exitCode ?? unknownExitCode;
  // The control group goes with what the runtime knows.
  const oomKilled = hasOomKill(controlGroup(id));
  spawnSync(run.runtime, ['--root', runtimeState(engine), 'delete', '--force', id], { stdio: 'ignore' });
  await releaseMounts(engine, id, container.mounts);
  await engine.layers.unmount(id);
  await completeLog(engine, id, { sync: !container.autoRemove });
  const code = failure?.exitCode ?? (await findExitCode(engine, id)) ?? unknownExitCode;
  rmSync(bundlePath(engine, id), { recursive: true, force: true });
  // Of one that cannot go now (`strata mount` shows it, say) an empty bundle tells later commands (`endDeadRuns`).
  if (container.autoRemove) mkdirSync(bundlePath(engine, id), { recursive: true, mode: 0o700 });
  try {
    const ended = { finishedAt: new Date().toISOString(), exitCode: code, oomKilled };
    await writeRun(engine, id, { ...run, ...ended, ...(failure && { error: failure.error }) });
  } catch (thrown) {
    // What conmon has written stands until there is space for it.
    if (!isErrno(thrown, 'ENOSPC', 'EDQUOT')) throw thrown;
  }
  if (container.autoRemove) await removeFiles(engine, container, { volumes: true });
  return code;
}

/** Removes a container that does not run, its layer, and with `volumes` those that nobody named. */
export async function removeFiles(
  engine: Engine,
  container: Container,
  options: { readonly volumes: boolean },
): Promise<void> {
  await engine.layers.unmount(container.id);
  const takeBack = await beginRemoval(engine, container.id);
  try {
    await engine.layers.remove(container.id);
  } catch (thrown) {
    await takeBack();
    throw thrown;
  }
  await forgetContainer(engine, container.id);
  // There where it could not go with its end, and empty then.
  await rmdir(bundlePath(engine, container.id)).catch(() => undefined);
  if (!options.volumes) return;
  for (const name of container.anonymousVolumes) await removeUnused(engine, name);
}
