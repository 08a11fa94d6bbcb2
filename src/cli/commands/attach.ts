/** `strata attach CONTAINER`: a container that runs, in front of a person or a script again. */
import { Command } from 'commander';
import { getContainer } from '../../run/container-book.ts';
import { attachContainer } from '../../run/run-attached.ts';
import { addAttachOptions, readAttachOptions, type AttachOptions } from '../attach-options.ts';
import { openEngine } from '../open-engine.ts';
import { checkTerminal } from './run.ts';

type Options = AttachOptions & { readonly stdin: boolean };

export function attachCommand(): Command {
  const attach = new Command('attach')
    .description('join a container that runs: its output, its input, and its exit status')
    .argument('<container>')
    .option('--no-stdin', 'send it no input');
  return addAttachOptions(attach).action(
    async (given: string, { stdin, ...options }: Options, command: Command) => {
      const { keys, forwards } = readAttachOptions(options);
      const { engine } = await openEngine(command);
      const container = await getContainer(engine, given);
      const takesInput = stdin && container.openStdin;
      if (takesInput && container.terminal) checkTerminal();
      const streams = {
        ...{ stdout: process.stdout, stderr: process.stderr, leaveKeys: keys },
        stdin: takesInput ? process.stdin : undefined,
      };
      process.exitCode = (await attachContainer(engine, container, streams, { forwards })) ?? 0;
    },
  );
}
