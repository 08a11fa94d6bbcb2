/** `strata start CONTAINER...`: runs containers again. `strata restart` ends them before. */
import { Command } from 'commander';
import { UserError } from '../../base/user-error.ts';
import { getContainer } from '../../run/container-book.ts';
import { runAttached, runDetached } from '../../run/run-attached.ts';
import { stopContainer } from '../../run/signal-container.ts';
import { addAttachOptions, readAttachOptions, type AttachOptions } from '../attach-options.ts';
import { allOperands, eachOperand, inTurns, inTurnsOfEach } from '../each-operand.ts';
import { openEngine } from '../open-engine.ts';
import { printLines } from '../print.ts';
import { checkTerminal } from './run.ts';
import { addStopOptions, readStopOptions, type StopWords } from './stop.ts';

type StartOptions = AttachOptions & { readonly attach?: true; readonly interactive?: true };

export function startCommand(): Command {
  return addAttachOptions(new Command('start'))
    .description('start containers; one that runs stays as it is')
    .argument('<container...>')
    .option('-a, --attach', 'stay with it: its output, and its exit status')
    .option('-i, --interactive', 'send it standard input')
    .action(async (names: string[], options: StartOptions, command: Command) => {
      const { attach, interactive } = options;
      const { keys, forwards } = readAttachOptions(options);
      const { engine } = await openEngine(command);
      if (attach !== true && interactive !== true) {
        await eachOperand(names, async (name) => {
          await runDetached(engine, await getContainer(engine, name));
          printLines([name]);
        });
        return;
      }
      if (names.length > 1)
        throw new UserError('several-containers', 'you cannot start and attach multiple containers at once');
      const container = await getContainer(engine, names[0] ?? '');
      if (container.terminal && interactive === true) checkTerminal();
      const { stdout, stderr, stdin } = process;
      const streams = { stdout, stderr, stdin: interactive === true ? stdin : undefined, leaveKeys: keys };
      process.exitCode = (await runAttached(engine, container, streams, { forwards })) ?? 0;
    });
}

export function restartCommand(): Command {
  return addStopOptions(new Command('restart'))
    .description('stop containers, and start them again')
    .argument('<container...>')
    .action(async (names: string[], options: StopWords, command: Command) => {
      const { engine } = await openEngine(command);
      const inTurn = inTurns();
      const inTurnOf = inTurnsOfEach();
      await allOperands(names, async (name) => {
        const container = await getContainer(engine, name);
        if (container.autoRemove)
          throw new UserError('auto-remove', `${container.name} was made with --rm: it goes when it ends`, {
            hint: 'run it again',
          });
        await inTurnOf(container.id, async () => {
          await stopContainer(engine, container, readStopOptions(options));
          await inTurn(() => runDetached(engine, container));
        });
      });
    });
}
