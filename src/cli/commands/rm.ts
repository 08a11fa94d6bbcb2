/** `strata rm CONTAINER...`: containers go, with what they have written. */
import { Command } from 'commander';
import { UserError } from '../../base/user-error.ts';
import { getContainer } from '../../run/container-book.ts';
import { endByForce, removeContainer } from '../../run/remove-container.ts';
import { removeDamaged } from '../../run/remove-damaged.ts';
import { noSuchContainer } from '../../run/state-errors.ts';
import { asBroken } from '../../store/durable.ts';
import { withReserve } from '../../store/reserve.ts';
import { allOperands, inTurns } from '../each-operand.ts';
import { openEngine } from '../open-engine.ts';

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
      const options = { force: force === true, volumes: volumes === true };
      const inTurn = inTurns();
      const removed = new Set<string>();
      // What waits is the end of one that runs; removals share the reserve.
      const remove = async (name: string): Promise<void> => {
        const found = await getContainer(engine, name).catch(asBroken);
        if (options.force && !(found instanceof UserError)) await endByForce(engine, found);
        const act = async (): Promise<void> => {
          if (found instanceof UserError) {
            if (!(await removeDamaged(engine, name, options))) throw found;
            return;
          }
          if (removed.has(found.id)) throw noSuchContainer(name);
          await removeContainer(engine, found, options);
          removed.add(found.id);
        };
        await inTurn(() => withReserve(store.root, act));
      };
      await allOperands(names, remove, options.force ? 'no-such-container' : undefined);
    });
}
