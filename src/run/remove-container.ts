/**
 * `rm`: a container goes with its writable layer, unless it runs and nobody insists.
 */
import { UserError } from '../base/user-error.ts';
import { withContainer } from './container-book.ts';
import { findRun, isActive, readStatus, type Container } from './container.ts';
import { endRun, removeFiles } from './end-run.ts';
import type { Engine } from './engine.ts';
import { stopContainer } from './signal-container.ts';

export interface RemoveOptions {
  /** End it first. */
  readonly force: boolean;
  /** Volumes that nobody named go too. */
  readonly volumes: boolean;
  /** Done first, while nobody else starts, ends or removes it. */
  readonly before?: () => Promise<void>;
}

/** Answers false where somebody else has removed it. UserError `container-running`. */
export async function removeContainer(
  engine: Engine,
  container: Container,
  options: RemoveOptions,
): Promise<boolean> {
  const { id, name } = container;
  for (;;) {
    if (options.force) await endByForce(engine, container);
    const outcome = await withContainer(engine, id, async () => {
      // Asked here, where nobody else can start it.
      const status = await readStatus(engine, id);
      if (isActive(status)) {
        // Somebody was just starting it.
        if (options.force) return 'started';
        const message = `You cannot remove a ${status.status} container ${id.slice(0, 12)}`;
        const hint = `stop it first (strata stop ${name}), or strata rm -f ${name}`;
        throw new UserError('container-running', message, { hint });
      }
      await options.before?.();
      const run = await findRun(engine, id);
      if (run !== undefined && run.finishedAt === undefined) await endRun(engine, container, run.run);
      await removeFiles(engine, container, options);
      return 'removed';
    });
    if (outcome !== 'started') return outcome === 'removed';
  }
}

/** Kills a container, if it runs, and waits for its end. */
export function endByForce(engine: Engine, container: Container): Promise<void> {
  return stopContainer(engine, container, { signal: 'KILL', graceSec: -1 });
}
