/** `strata create IMAGE [COMMAND...]`: a container that does not run yet. */
import { Command } from 'commander';
import { withCidFile } from '../../run/cid-file.ts';
import { createContainer } from '../../run/create-container.ts';
import {
  addContainerOptions,
  containerRequest,
  refusing,
  type ContainerOptions,
} from '../container-options.ts';
import { openEngine } from '../open-engine.ts';
import { printLines } from '../print.ts';

export function createCommand(): Command {
  return addContainerOptions(new Command('create'))
    .description('make a container of an image, and print its id')
    .action(async (image: string, args: string[], options: ContainerOptions, command: Command) => {
      await refusing(async () => {
        const request = containerRequest(image, args, options);
        const { engine } = await openEngine(command);
        const { id } = await withCidFile(options.cidfile, () => createContainer(engine, request));
        printLines([id]);
      });
    });
}
