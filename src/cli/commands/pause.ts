/** `strata pause` and `strata unpause`: containers are held still, and go on. */
import { Command } from 'commander';
import { getContainer } from '../../run/container-book.ts';
import { pauseContainer, unpauseContainer } from '../../run/pause-container.ts';
import { eachOperand } from '../each-operand.ts';
import { openEngine } from '../open-engine.ts';
import { printLines } from '../print.ts';

export function pauseCommand(): Command {
  return new Command('pause')
    .description('hold all processes of containers still')
    .argument('<container...>')
    .action(forEach(pauseContainer));
}

export function unpauseCommand(): Command {
  return new Command('unpause')
    .description('let containers that were paused go on')
    .argument('<container...>')
    .action(forEach(unpauseContainer));
}

function forEach(
  act: typeof pauseContainer,
): (names: string[], options: unknown, command: Command) => Promise<void> {
  return async (names, _, command) => {
    const { engine } = await openEngine(command);
    await eachOperand(names, async (name) => {
      await act(engine, await getContainer(engine, name));
      printLines([name]);
    });
  };
}
