/** `strata stop`, `strata kill` and `strata wait`: the ends of containers. */
import { Command, Option } from 'commander';
import { getContainer } from '../../run/container-book.ts';
import { signalContainer, stopContainer, type StopOptions } from '../../run/signal-container.ts';
import { waitForExit } from '../../run/wait-exit.ts';
import { allOperands, eachOperand } from '../each-operand.ts';
import { openEngine } from '../open-engine.ts';
import { parseSeconds } from '../option-values.ts';
import { printLines } from '../print.ts';

/** What `stop` and `restart` were told. */
export interface StopWords {
  readonly time?: number;
  readonly timeout?: number;
  readonly signal?: string;
}

export function addStopOptions(command: Command): Command {
  return command
    .option(
      '-t, --time <seconds>',
      'how long they have, also --timeout; 10 or their --stop-timeout unless told, -1 is for ever',
      parseSeconds,
    )
    .addOption(new Option('--timeout <seconds>').argParser(parseSeconds).hideHelp())
    .option('-s, --signal <signal>', 'what asks them to end, in place of their own');
}

export function readStopOptions({ time, timeout, signal }: StopWords): StopOptions {
  return { graceSec: timeout ?? time, signal };
}

export function stopCommand(): Command {
  return addStopOptions(new Command('stop'))
    .description('ask containers to end, and after a while make them')
    .argument('<container...>')
    .action(async (names: string[], options: StopWords, command: Command) => {
      const { engine } = await openEngine(command);
      await allOperands(names, async (name) =>
        stopContainer(engine, await getContainer(engine, name), readStopOptions(options)),
      );
    });
}

export function killCommand(): Command {
  return new Command('kill')
    .description('send a signal to containers')
    .argument('<container...>')
    .option('-s, --signal <signal>', 'which', 'KILL')
    .action(async (names: string[], { signal }: { readonly signal: string }, command: Command) => {
      const { engine } = await openEngine(command);
      await allOperands(names, async (name) =>
        signalContainer(engine, await getContainer(engine, name), signal),
      );
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
