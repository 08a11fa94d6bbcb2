/** `strata attach CONTAINER`: a container that runs, in front of a person or a script again. */
import { Command } from 'commander';
import { leaveKeys, parseKeys } from '../../run/attach.ts';
import { getContainer } from '../../run/container-book.ts';
import { attachContainer } from '../../run/run-attached.ts';
import { openEngine } from '../open-engine.ts';
import { checkTerminal } from './run.ts';

interface Options {
  readonly stdin: boolean;
  readonly sigProxy: boolean;
  readonly detachKeys?: string;
}

export function attachCommand(): Command {
  return new Command('attach')
    .description('join a container that runs: its output, its input, and its exit status')
    .argument('<container>')
    .option('--no-stdin', 'send it no input')
    .option('--no-sig-proxy', 'signals are for this command, not for the container')
    .option('--detach-keys <keys>', 'what leaves its terminal, unless told ctrl-p,ctrl-q')
    .action(async (given: string, { stdin, sigProxy, detachKeys }: Options, command: Command) => {
      const keys = detachKeys === undefined ? leaveKeys : parseKeys(detachKeys);
      const { engine } = await openEngine(command);
      const container = await getContainer(engine, given);
      const takesInput = stdin && container.openStdin;
      if (takesInput && container.terminal) checkTerminal();
      const streams = {
        ...{ stdout: process.stdout, stderr: process.stderr, leaveKeys: keys },
        stdin: takesInput ? process.stdin : undefined,
      };
      process.exitCode = (await attachContainer(engine, container, streams, { forwards: sigProxy })) ?? 0;
    });
}
