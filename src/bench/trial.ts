/**
 * One trial: a fresh upper, a fresh mount, one workload, and nothing left. It runs in a process of its own, which
 * may block and may be killed at any time; what it leaves then is swept by `scratch.ts`.
 */
import { dropCaches } from './caches.ts';
import { getDriver, getWorkload, type Catalogue } from './catalogue.ts';
import { run } from './child.ts';
import { mount } from './drivers/mount.ts';
import { createFixtures, type Fixtures } from './fixture.ts';
import { openShelf, shelfPath } from './fixtures/shelf.ts';
import type { Answer, Job } from './job.ts';
import { createStack, removeStack } from './stack.ts';

/** Does the job; whatever fails is in the answer. */
export async function doJob(catalogue: Catalogue, job: Job): Promise<Answer> {
  const hashes = new Map<string, string>();
  const used = (): Answer => ({ fixtures: Object.fromEntries(hashes) });
  try {
    const shelf = openShelf(shelfPath(job.storage, job.choice.scale), hashes);
    if (job.kind === 'fixtures') {
      getWorkload(catalogue, job.workload).lowers(createFixtures(shelf, job.choice));
      return used();
    }
    // Layers of the user are looked through once, when fixtures are made.
    const fixtures = createFixtures({ ...shelf, note: () => undefined }, job.choice);
    const figure = await tryOnce(catalogue, job, fixtures);
    return { ...used(), ...(figure === undefined ? {} : { figure }) };
  } catch (error) {
    return { ...used(), error: error instanceof Error ? error.message : String(error) };
  }
}

async function tryOnce(catalogue: Catalogue, job: Job, fixtures: Fixtures): Promise<number | undefined> {
  const workload = getWorkload(catalogue, job.workload);
  const driver = getDriver(catalogue, job.driver ?? '');
  const stack = createStack(job.storage, workload.lowers(fixtures));
  try {
    workload.beforeMount?.(fixtures);
    const mounted = mount(driver, stack);
    try {
      const trial = { driver, stack, root: stack.mountPoint, servers: mounted.servers, fixtures };
      workload.prepare?.(trial);
      // What was written so far must not be written while the clock runs.
      run(['sync', '-f', driver.tree === undefined ? stack.upper : stack.mountPoint]);
      if (job.cold) dropCaches();
      return workload.run(trial);
    } finally {
      await mounted.unmount();
    }
  } finally {
    removeStack(stack);
  }
}
