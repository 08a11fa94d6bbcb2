/** `strata commit CONTAINER [NAME]`: what a container has changed becomes an image. */
import { Command } from 'commander';
import { commitContainer } from '../../run/commit-container.ts';
import { getContainer } from '../../run/container-book.ts';
import { parseNewName } from '../../store/reference.ts';
import { parseChanges } from '../../build/plan/config-changes.ts';
import { interruptible } from '../interruption.ts';
import { collect } from '../option-values.ts';
import { openEngine } from '../open-engine.ts';
import { printLines } from '../print.ts';

interface Options {
  readonly pause: boolean;
  readonly change?: readonly string[];
  readonly author?: string;
  readonly message?: string;
}

export function commitCommand(): Command {
  return new Command('commit')
    .description('make an image of a container, which stands still for that if it runs')
    .argument('<container>')
    .argument('[name]', 'NAME[:TAG]')
    .option('-a, --author <author>', 'who made it')
    .option('-m, --message <text>', 'a comment for its history')
    .option('-c, --change <instruction>', 'an instruction of a Dockerfile: CMD, ENV, LABEL, ...', collect)
    .option('-p, --pause', 'hold it still meanwhile, as is done unless told', true)
    .option('--no-pause', 'let it run on, also with --pause=false')
    .action(async (given: string, name: string | undefined, options: Options, command: Command) => {
      const reference = name === undefined ? undefined : parseNewName(name);
      const change = parseChanges(options.change ?? []);
      const opened = await openEngine(command);
      const container = await getContainer(opened.engine, given);
      const interruption = interruptible('the commit');
      try {
        const { signal } = interruption;
        printLines([await commitContainer(opened, container, { ...options, reference, change, signal })]);
      } finally {
        interruption.end();
      }
    });
}
