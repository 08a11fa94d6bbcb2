/**
 * Volumes that are mounted only while somebody uses them: a container that runs, or a command. Who comes and who goes
 * take turns, so that nobody unmounts what another has just found mounted: a run is written down before its volumes
 * are mounted, and whoever unmounts looks for runs.
 */
import { dirname } from 'node:path';
import { nameFromText } from '../base/name.ts';
import { waitForLock } from '../os/lock.ts';
import { listContainers } from './container-book.ts';
import { volumesOf } from './container-mounts.ts';
import { findRun } from './container.ts';
import type { Engine } from './engine.ts';

/** Mounts a volume for a run that is written down; answers where its content is. UserError. */
export function mountVolume(engine: Engine, name: string): Promise<string> {
  return alone(engine, name, () => Promise.resolve(engine.volumes.mount(name)));
}

/** Unmounts a volume unless a run has it; the run `except` does not count. Nothing when it is gone. */
export async function releaseVolume(engine: Engine, name: string, except?: string): Promise<void> {
  if (engine.volumes.find(name) === undefined) return;
  await alone(engine, name, async () => {
    if (!(await isInRun(engine, name, except))) engine.volumes.unmount(name);
  });
}

/** Runs `act` with the content of a volume. UserError. */
export async function withVolume<T>(
  engine: Engine,
  name: string,
  act: (content: string) => Promise<T>,
): Promise<T> {
  const content = await mountVolume(engine, name);
  try {
    return await act(content);
  } finally {
    await releaseVolume(engine, name);
  }
}

async function alone<T>(engine: Engine, name: string, act: () => Promise<T>): Promise<T> {
  const lock = await waitForLock(nameFromText(dirname(engine.volumes.get(name).mountpoint)), 'exclusive');
  try {
    return await act();
  } finally {
    lock.release();
  }
}

/** One that has begun and whose end is not written yet. */
async function isInRun(engine: Engine, volume: string, except: string | undefined): Promise<boolean> {
  for (const { id, mounts } of await listContainers(engine)) {
    if (id === except || !volumesOf(mounts).some(({ source }) => source === volume)) continue;
    const run = await findRun(engine, id);
    if (run !== undefined && run.finishedAt === undefined) return true;
  }
  return false;
}
