/** `strata history IMAGE`: a row for each instruction, with the size of its layer. */
import { Command } from 'commander';
import { imageHistory } from '../../store/image-list.ts';
import { shortId } from '../../store/ids.ts';
import { resolveImage } from '../../store/resolve-image.ts';
import { openStore } from '../open-store.ts';
import { printJson } from '../print.ts';
import { tableText } from '../table.ts';
import { ageText, sizeText } from '../units.ts';

interface Options {
  readonly json?: true;
  readonly trunc: boolean;
}

export function historyCommand(): Command {
  return new Command('history')
    .description('the instructions that made an image, the last one first')
    .argument('<image>')
    .option('--no-trunc', 'whole ids and instructions')
    .option('--json', 'as JSON')
    .action(async (name: string, { json, trunc }: Options, command: Command) => {
      const store = await openStore(command);
      const rows = await store.lock.shared(async () =>
        imageHistory(store, (await resolveImage(store, name)).image),
      );
      if (json === true) {
        printJson(rows);
        return;
      }
      const cells = rows.map(({ diffId, created, createdBy, size, comment }) => [
        diffId === undefined ? '<none>' : trunc ? shortId(diffId) : diffId,
        ageText(created),
        trunc && createdBy.length > 45 ? `${createdBy.slice(0, 44)}…` : createdBy,
        sizeText(size),
        comment ?? '',
      ]);
      const titles = ['LAYER', 'CREATED', 'CREATED BY', 'SIZE', 'COMMENT'].map((title) => ({ title }));
      process.stdout.write(tableText(titles, cells));
    });
}
