/** `strata import TAR|DIR|- [NAME]`: a root file system becomes an image. */
import { Command } from 'commander';
import { importImage } from '../../store/import-image.ts';
import { parseNewName } from '../../store/reference.ts';
import { openStore } from '../open-store.ts';
import { printLines } from '../print.ts';

export function importCommand(): Command {
  return new Command('import')
    .description('make an image of a directory, or of a tar of one')
    .argument('<source>', 'a directory, a tar archive, or - for standard input')
    .argument('[name]', 'NAME[:TAG]')
    .option('-m, --message <text>', 'a comment for its history')
    .action(
      async (
        source: string,
        name: string | undefined,
        { message }: { readonly message?: string },
        command: Command,
      ) => {
        // Before the work of minutes.
        const reference = name === undefined ? undefined : parseNewName(name);
        printLines([await importImage(await openStore(command), { source, reference, message })]);
      },
    );
}
