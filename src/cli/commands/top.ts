/** `strata top CONTAINER [OPTION OF PS...]`: the processes of a container. */
import { Command } from 'commander';
import { getContainer } from '../../run/container-book.ts';
import { listProcesses } from '../../run/list-processes.ts';
import { openEngine } from '../open-engine.ts';
import { printLines } from '../print.ts';

export function topCommand(): Command {
  return new Command('top')
    .description('list the processes of a container that runs, as ps does')
    .argument('<container>')
    .argument('[options...]', 'those of ps(1), -ef unless told; a column PID must be among what they show')
    .action(async (given: string, psOptions: string[], _: unknown, command: Command) => {
      const { engine } = await openEngine(command);
      printLines(await listProcesses(engine, await getContainer(engine, given), psOptions));
    });
}
