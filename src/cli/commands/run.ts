/** `strata run IMAGE [COMMAND...]`: makes a container, starts it, and stays with it unless told otherwise. */
import { Command } from 'commander';
import { UserError } from '../../base/user-error.ts';
import { withCidFile } from '../../run/cid-file.ts';
import { createContainer } from '../../run/create-container.ts';
import { runAttached, runDetached } from '../../run/run-attached.ts';
import { addAttachOptions, readAttachOptions, type AttachOptions } from '../attach-options.ts';
import {
  addContainerOptions,
  containerRequest,
  refusing,
  type ContainerOptions,
} from '../container-options.ts';
import { openEngine } from '../open-engine.ts';
import { printLines } from '../print.ts';

export function runCommand(): Command {
  return addAttachOptions(addContainerOptions(new Command('run')))
    .description('make a container of an image and run it; its exit status is that of the command in it')
    .option('-d, --detach', 'let it run, and print its id')
    .action((image: string, args: string[], options: RunOptions, command: Command) =>
      refusing(() => run(image, args, options, command)),
    );
}

type RunOptions = ContainerOptions & AttachOptions & { readonly detach?: true };

async function run(image: string, args: string[], options: RunOptions, command: Command): Promise<void> {
  const { detach, interactive, tty, cidfile } = options;
  const asked = containerRequest(image, args, options);
  const request = { ...asked, stdinOnce: asked.openStdin && detach !== true };
  const { keys, forwards } = readAttachOptions(options);
  if (detach !== true && interactive === true && tty === true) checkTerminal();
  const { engine } = await openEngine(command);
  const container = await withCidFile(cidfile, () => createContainer(engine, request));
  if (detach === true) {
    await runDetached(engine, container);
    printLines([container.id]);
    return;
  }
  const { stdout, stderr, stdin } = process;
  const streams = { stdout, stderr, stdin: interactive === true ? stdin : undefined, leaveKeys: keys };
  process.exitCode = (await runAttached(engine, container, streams, { forwards })) ?? 0;
}

/** UserError `no-terminal`. */
export function checkTerminal(): void {
  if (!process.stdin.isTTY)
    throw new UserError('no-terminal', 'the input device is not a TTY', {
      hint: 'leave -t out: -i alone reads a pipe',
    });
}
