/** `strata end-run ID RUN`: what conmon calls when a container has ended. Not for people. */
import { Command } from 'commander';
import { withContainer } from '../../run/container-book.ts';
import { findContainer } from '../../run/container.ts';
import { endRun } from '../../run/end-run.ts';
import { openEngine } from '../open-engine.ts';

export function endRunCommand(): Command {
  return new Command('end-run')
    .argument('<id>')
    .argument('<run>')
    .action(async (id: string, run: string, _: unknown, command: Command) => {
      const { engine } = await openEngine(command);
      await withContainer(engine, id, async () => {
        const container = await findContainer(engine, id);
        if (container !== undefined) await endRun(engine, container, run);
      });
    });
}
