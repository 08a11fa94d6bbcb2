/** `strata export IMAGE`: the tree of an image as a tar. */
import { Command } from 'commander';
import { UserError } from '../../base/user-error.ts';
import { exportImage } from '../../store/export-image.ts';
import { openStore } from '../open-store.ts';

export function exportCommand(): Command {
  return new Command('export')
    .description('write the whole tree of an image as a tar')
    .argument('<image>')
    .option('-o, --output <file>', 'to a file instead of standard output')
    .action(async (image: string, { output }: { readonly output?: string }, command: Command) => {
      if (output === undefined && process.stdout.isTTY) {
        throw new UserError('terminal', 'a tar is nothing for a terminal', {
          hint: `write strata export -o FILE ${image}`,
        });
      }
      await exportImage(await openStore(command), image, output);
    });
}
