/** `strata image prune` and `strata system prune`: takes away what nothing uses, after asking. */
import { createInterface } from 'node:readline/promises';
import { Command } from 'commander';
import { UserError } from '../../base/user-error.ts';
import { pruneImages, removalLines } from '../../store/remove-image.ts';
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

/** UserError `needs-force` where nobody can be asked, `not-confirmed`. */
async function confirm(what: string): Promise<void> {
  if (!process.stdin.isTTY) {
    throw new UserError('needs-force', 'there is no terminal on which to ask', { hint: 'say --force' });
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question(`This removes ${what}. Go on? [y/N] `);
    if (/^y(es)?$/i.test(answer.trim())) return;
  } finally {
    terminal.close();
  }
  throw new UserError('not-confirmed', 'nothing was removed');
}
