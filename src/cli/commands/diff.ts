/** `strata diff IMAGE IMAGE`: what differs between two images. */
import { Command } from 'commander';
import { compareImages } from '../../store/compare-images.ts';
import { resolveImage } from '../../store/resolve-image.ts';
import { openStore } from '../open-store.ts';
import { printJson, printLines } from '../print.ts';

const letters = { added: 'A', modified: 'C', deleted: 'D' } as const;

export function diffCommand(): Command {
  return new Command('diff')
    .description('what differs between two images: A added, C changed, D deleted')
    .argument('<image>')
    .argument('<other>')
    .option('--json', 'as JSON')
    .action(async (from: string, to: string, { json }: { readonly json?: true }, command: Command) => {
      const store = await openStore(command);
      const differences = await store.lock.shared(async () =>
        compareImages(store, (await resolveImage(store, from)).image, (await resolveImage(store, to)).image),
      );
      if (json === true) printJson(differences);
      else printLines(differences.map(({ kind, path }) => `${letters[kind]} /${path}`));
    });
}
