/** `strata rename CONTAINER NAME`: another name for a container, running or not. */
import { Command } from 'commander';
import { getContainer, renameContainer } from '../../run/container-book.ts';
import { openEngine } from '../open-engine.ts';

export function renameCommand(): Command {
  return new Command('rename')
    .description('give a container another name')
    .argument('<container>')
    .argument('<name>')
    .action(async (given: string, name: string, _: unknown, command: Command) => {
      const { engine } = await openEngine(command);
      // Docker's names begin with a slash, which may be left out.
      await renameContainer(engine, await getContainer(engine, given), name.replace(/^\//, ''));
    });
}
