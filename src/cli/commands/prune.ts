/** `strata image prune` and `strata system prune`: takes away what nothing uses, after asking. */
import { Command } from 'commander';
import { pruneImages, removalLines } from '../../store/remove-image.ts';
import { confirm } from '../confirm.ts';
import { openStore } from '../open-store.ts';
import { printLines } from '../print.ts';
import { sizeText } from '../units.ts';

interface Options {
  readonly all?: true;
  readonly force?: true;
}

/** What died is collected as it is by every command: there is no more to prune than images yet. */
export function pruneCommand(): Command {
  return new Command('prune')
    .description('remove images without a name, and what commands that died have left')
    .option('-a, --all', 'all images that are not mounted')
    .option('-f, --force', 'without asking')
    .action(async ({ all, force }: Options, command: Command) => {
      if (force !== true)
        await confirm(all === true ? 'every image that is not mounted' : 'images without a name');
      const removal = await pruneImages(await openStore(command), { all: all === true });
      printLines([...removalLines(removal), `Total reclaimed space: ${sizeText(removal.reclaimed)}`]);
    });
}
