/** `strata stop`, `strata kill` and `strata wait`: the ends of containers. */
import { Command, InvalidArgumentError } from 'commander';
import { getContainer } from '../../run/container-book.ts';
import { signalContainer, stopContainer } from '../../run/signal-container.ts';
import { waitForExit } from '../../run/wait-exit.ts';
import { eachOperand } from '../each-operand.ts';
import { openEngine } from '../open-engine.ts';
import { printLines } from '../print.ts';

export const graceSec = 10;

export function stopCommand(): Command {
  return new Command('stop')
    .description('ask containers to end, and after a while make them')
    .argument('<container...>')
    .option('-t, --time <seconds>', 'how long they have', parseSeconds, graceSec)
    .action(async (names: string[], { time }: { readonly time: number }, command: Command) => {
      const { engine } = await openEngine(command);
      await eachOperand(names, async (name) => {
        await stopContainer(engine, await getContainer(engine, name), time);
        printLines([name]);
      });
    });
}

export function killCommand(): Command {
  return new Command('kill')
    .description('send a signal to containers')
    .argument('<container...>')
    .option('-s, --signal <signal>', 'which', 'KILL')
    .action(async (names: string[], { signal }: { readonly signal: string }, command: Command) => {
      const { engine } = await openEngine(command);
      await eachOperand(names, async (name) => {
        await signalContainer(engine, await getContainer(engine, name), signal);
        printLines([name]);
      });
    });
}

export function waitCommand(): Command {
  return new Command('wait')
    .description('wait until containers have ended, and print their exit statuses')
    .argument('<container...>')
    .action(async (names: string[], _: unknown, command: Command) => {
      const { engine } = await openEngine(command);
      const ids: string[] = [];
      await eachOperand(names, async (name) => {
        ids.push((await getContainer(engine, name)).id);
      });
      for (const id of ids) printLines([String(await waitForExit(engine, id))]);
    });
}

export function parseSeconds(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('It is a number of seconds.');
  return Number(text);
}
