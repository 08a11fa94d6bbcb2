/** `strata help [COMMAND...]`: what a command takes; commander's own prints everything for one that is not there. */
import { Command } from 'commander';
import { UserError } from '../../base/user-error.ts';
import { findCommand } from '../mark-operands.ts';

export function helpCommand(): Command {
  return new Command('help')
    .description('what there is; of a command, what it takes')
    .argument('[command...]')
    .action((words: string[], _: unknown, command: Command) => {
      let topic = command.parent ?? command;
      for (const word of words) {
        const found = findCommand(topic, word);
        if (found === undefined)
          throw new UserError('no-such-command', `unknown help topic: ${words.join(' ')}`, {
            hint: `${['strata', ...namesAbove(topic)].join(' ')} --help lists the commands`,
          });
        topic = found;
      }
      topic.outputHelp();
    });
}

/** Of a command and those that it belongs to, without the program. */
function namesAbove(command: Command): string[] {
  return command.parent === null ? [] : [...namesAbove(command.parent), command.name()];
}
