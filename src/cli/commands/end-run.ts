/** `strata end-run ID RUN`: what conmon calls when a container has ended. Not for people. */
import { Command } from 'commander';
import { withContainer } from '../../run/container-book.ts';
import { findContainer } from '../../run/container.ts';
import { endRun } from '../../run/end-run.ts';
import { findDataRoot } from '../../store/data-root.ts';
import { openEngine } from '../open-engine.ts';

export function endRunCommand(): Command {
  return new Command('end-run')
    .argument('<id>')
    .argument('<run>')
    .action(async (id: string, run: string, _: unknown, command: Command) => {
      // A data root that was removed meanwhile is not made anew for this.
      const { root } = command.optsWithGlobals<{ readonly root?: string }>();
      if (root !== undefined && (await findDataRoot(root)) === undefined) return;
      const { engine } = await openEngine(command);
      await withContainer(engine, id, async () => {
        const container = await findContainer(engine, id);
        if (container !== undefined) await endRun(engine, container, run);
      });
    });
}
