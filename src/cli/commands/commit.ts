/** `strata commit CONTAINER [NAME]`: what a container has changed becomes an image. */
import { Command } from 'commander';
import { commitContainer } from '../../run/commit-container.ts';
import { getContainer } from '../../run/container-book.ts';
import { parseReference, withDefaultTag } from '../../store/reference.ts';
import { openEngine } from '../open-engine.ts';
import { printLines } from '../print.ts';

interface Options {
  readonly author?: string;
  readonly message?: string;
}

export function commitCommand(): Command {
  return new Command('commit')
    .description('make an image of a container that does not run')
    .argument('<container>')
    .argument('[name]', 'NAME[:TAG]')
    .option('-a, --author <author>', 'who made it')
    .option('-m, --message <text>', 'a comment for its history')
    .action(async (given: string, name: string | undefined, options: Options, command: Command) => {
      const reference = name === undefined ? undefined : withDefaultTag(parseReference(name));
      const opened = await openEngine(command);
      const container = await getContainer(opened.engine, given);
      printLines([await commitContainer(opened, container, { reference, ...options })]);
    });
}
