/**
 * `rm` of a container of which nobody can tell what was asked, since its file is damaged: it goes with its layers and what its
 * last run has left. Volumes stay, also those without a name.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { nameFromText } from '../base/name.ts';
import { UserError } from '../base/user-error.ts';
import { waitForLock } from '../os/lock.ts';
import { asBroken } from '../store/durable.ts';
import { forgetContainer, readContainers } from './container-book.ts';
import { releaseMounts } from './container-mounts.ts';
import { findRun } from './container.ts';
import { bundlePath, containerPath, runtimeState, type Engine } from './engine.ts';
import { findWorkingRuntime } from './runtime.ts';

/**
 * Removes the damaged container whose id begins so; false where there is none, or are several. UserError `container-running` for
 * one that may run, unless `force`.
 */
export async function removeDamaged(
  engine: Engine,
  given: string,
  { force }: { readonly force: boolean },
): Promise<boolean> {
  const { damaged } = await readContainers(engine);
  const [id, ...more] = [...damaged.keys()].filter((one) => given !== '' && one.startsWith(given));
  if (id === undefined || more.length > 0) return false;
  const lock = await waitForLock(nameFromText(containerPath(engine, id)), 'exclusive');
  try {
    if (existsSync(bundlePath(engine, id))) {
      if (!force)
        throw new UserError('container-running', `container ${id.slice(0, 12)} is damaged, and may run`, {
          hint: `strata rm -f ${id.slice(0, 12)} ends it first`,
        });
      await endUnknown(engine, id);
    }
    await engine.layers.unmount(id);
    await engine.layers.remove(id);
    await forgetContainer(engine, id);
    return true;
  } finally {
    lock.release();
  }
}

async function endUnknown(engine: Engine, id: string): Promise<void> {
  const run = await findRun(engine, id).catch(asBroken);
  const runtime =
    run === undefined || run instanceof UserError ? findWorkingRuntime(engine.runRoot) : run.runtime;
  spawnSync(runtime, ['--root', runtimeState(engine), 'delete', '--force', id], { stdio: 'ignore' });
  await releaseMounts(engine, id, []);
  rmSync(bundlePath(engine, id), { recursive: true, force: true });
}
