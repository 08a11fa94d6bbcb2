/** `strata rm CONTAINER...`: containers go, with what they have written. */
import { Command } from 'commander';
import { UserError } from '../../base/user-error.ts';
import { getContainer } from '../../run/container-book.ts';
import { removeContainer } from '../../run/remove-container.ts';
import { removeDamaged } from '../../run/remove-damaged.ts';
import { asBroken } from '../../store/durable.ts';
import { withReserve } from '../../store/reserve.ts';
import { eachOperand } from '../each-operand.ts';
import { openEngine } from '../open-engine.ts';
import { printLines } from '../print.ts';

interface Options {
  readonly force?: true;
  readonly volumes?: true;
}

export function rmCommand(): Command {
  return new Command('rm')
    .alias('remove')
    .description('remove containers')
    .argument('<container...>')
    .option('-f, --force', 'also those that run, which are killed; one that is not there is no failure')
    .option('-v, --volumes', 'with their volumes that nobody named')
    .action(async (names: string[], { force, volumes }: Options, command: Command) => {
      const { engine, store } = await openEngine(command);
      const remove = async (name: string): Promise<void> => {
        const options = { force: force === true, volumes: volumes === true };
        await withReserve(store.root, async () => {
          const container = await getContainer(engine, name).catch(asBroken);
          if (!(container instanceof UserError)) await removeContainer(engine, container, options);
          else if (!(await removeDamaged(engine, name, options))) throw container;
        });
        printLines([name]);
      };
      await eachOperand(names, remove, force === true ? 'no-such-container' : undefined);
    });
}
