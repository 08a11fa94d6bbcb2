/** `strata history IMAGE`: a row for each instruction, with the size of its layer. */
import { Command } from 'commander';
import { imageHistory, type HistoryRow } from '../../store/image-list.ts';
import { shortId } from '../../store/ids.ts';
import { resolveImage } from '../../store/resolve-image.ts';
import { formatRows, type Fields, type Listing } from '../listing.ts';
import { openStore } from '../open-store.ts';
import { printJson, printLines } from '../print.ts';
import { ageText, sizeText, timeText } from '../units.ts';

interface Options {
  readonly json?: true;
  readonly quiet?: true;
  readonly human: boolean;
  readonly trunc: boolean;
  readonly format?: string;
}

const longestInstruction = 45;

export function historyCommand(): Command {
  return new Command('history')
    .description('the instructions that made an image, the last one first')
    .argument('<image>')
    .option('-q, --quiet', 'ids of images only; <missing> for instructions of which no image is kept')
    .option('-H, --human', 'sizes and ages in words, which they are anyway', true)
    .option('--no-human', 'sizes in bytes, and times; also --human=false')
    .option('--no-trunc', 'whole ids and instructions')
    .option('--format <template>', 'a template of Go, in place of the table')
    .option('--json', 'as JSON')
    .action(async (name: string, options: Options, command: Command) => {
      const store = await openStore(command);
      const { rows, id } = await store.lock.shared(async () => {
        const { image } = await resolveImage(store, name);
        return { rows: await imageHistory(store, image), id: image.id };
      });
      // As Docker shows images whose steps were never images of their own.
      const idOf = (at: number): string => (at > 0 ? '<missing>' : options.trunc ? shortId(id) : id);
      if (options.json === true) printJson(rows);
      else if (options.quiet === true) printLines(rows.map((_, at) => idOf(at)));
      else {
        const fields = rows.map((row, at) => fieldsOf(row, idOf(at), options));
        process.stdout.write(formatRows(fields, listing, options.format));
      }
    });
}

const listing: Listing = {
  titles: {
    Layer: 'LAYER',
    CreatedSince: 'CREATED',
    CreatedBy: 'CREATED BY',
    Size: 'SIZE',
    Comment: 'COMMENT',
    ID: 'IMAGE',
    CreatedAt: 'CREATED AT',
  },
  shown: 5,
};

/** With Docker's names, and the layer. */
function fieldsOf(row: HistoryRow, id: string, { trunc, human }: Options): Fields {
  const { diffId, created, createdBy, size, comment } = row;
  return {
    ID: id,
    Layer: diffId === undefined ? '<none>' : trunc ? shortId(diffId) : diffId,
    CreatedSince: human ? ageText(created) : (created ?? 'N/A'),
    CreatedAt: timeText(created),
    CreatedBy:
      trunc && createdBy.length > longestInstruction
        ? `${createdBy.slice(0, longestInstruction - 1)}…`
        : createdBy,
    Size: human ? sizeText(size) : String(size),
    Comment: comment ?? '',
  };
}
