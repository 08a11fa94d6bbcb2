/** `strata start CONTAINER...`: runs containers again. */
import { Command } from 'commander';
import { UserError } from '../../base/user-error.ts';
import { getContainer } from '../../run/container-book.ts';
import { runAttached, runDetached } from '../../run/run-attached.ts';
import { openEngine } from '../open-engine.ts';
import { printLines } from '../print.ts';
import { checkTerminal } from './run.ts';

interface Options {
  readonly attach?: true;
  readonly interactive?: true;
}

export function startCommand(): Command {
  return new Command('start')
    .description('start containers; one that runs stays as it is')
    .argument('<container...>')
    .option('-a, --attach', 'stay with it: its output, and its exit status')
    .option('-i, --interactive', 'send it standard input')
    .action(async (names: string[], { attach, interactive }: Options, command: Command) => {
      const { engine } = await openEngine(command);
      if (attach !== true && interactive !== true) {
        for (const name of names) {
          await runDetached(engine, await getContainer(engine, name));
          printLines([name]);
        }
        return;
      }
      if (names.length > 1)
        throw new UserError('several-containers', 'you cannot start and attach multiple containers at once');
      const container = await getContainer(engine, names[0] ?? '');
      if (container.terminal && interactive === true) checkTerminal();
      const { stdout, stderr, stdin } = process;
      const streams = { stdout, stderr, stdin: interactive === true ? stdin : undefined };
      process.exitCode = (await runAttached(engine, container, streams)) ?? 0;
    });
}
