/** `strata layers [IMAGE]`: which images share which layers, what each costs, what is in them, what is wasted. */
import { Command } from 'commander';
import { UserError } from '../../base/user-error.ts';
import { shortId } from '../../store/ids.ts';
import { reportLayers, reportWaste, type LayerRow, type WasteRow } from '../../store/layer-report.ts';
import { resolveImage } from '../../store/resolve-image.ts';
import { tellFaults } from '../faults.ts';
import { openStore } from '../open-store.ts';
import { linesText, printJson } from '../print.ts';
import { tableText } from '../table.ts';
import { sizeText } from '../units.ts';

interface Options {
  readonly files?: true;
  readonly waste?: true;
  readonly json?: true;
}

export function layersCommand(): Command {
  return new Command('layers')
    .description('layers, from the bottom: which images have them, what they cost')
    .argument('[image]', 'those of this image alone')
    .option('--files', 'what is in each')
    .option('--waste', 'files that a later layer deletes or replaces, by instruction')
    .option('--json', 'as JSON')
    .action(async (name: string | undefined, { files, waste, json }: Options, command: Command) => {
      if (waste === true && name === undefined) {
        throw new UserError('missing-image', 'waste is that of one image', {
          hint: 'write strata layers --waste IMAGE',
        });
      }
      const store = await openStore(command);
      const report = await store.lock.shared(async () => {
        const image = name === undefined ? undefined : (await resolveImage(store, name)).image;
        if (waste === true && image !== undefined) {
          const rows = await reportWaste(store, image);
          return { rows, faults: [], table: () => wasteTable(rows) };
        }
        const { rows, faults } = await reportLayers(store, image, { files: files === true });
        return { rows, faults, table: () => (files === true ? fileLists(rows) : layerTable(rows)) };
      });
      tellFaults(report.faults);
      if (json === true) printJson(report.rows);
      else process.stdout.write(report.table());
    });
}

function layerTable(rows: readonly LayerRow[]): string {
  return tableText(
    [
      { title: 'LAYER' },
      { title: 'SIZE', align: 'right' },
      { title: 'ON DISK', align: 'right' },
      { title: 'IMAGES' },
      { title: 'CREATED BY' },
    ],
    rows.map(({ diffId, size, cost, images, createdBy }) => [
      ...[shortId(diffId), sizeText(size), sizeText(cost), images.map(shortName).join(', ')],
      createdBy.slice(0, 60),
    ]),
  );
}

function shortName(name: string): string {
  return /^sha256:[0-9a-f]{64}$/.test(name) ? shortId(name) : name;
}

const letters = { added: 'A', modified: 'C', deleted: 'D' } as const;

function fileLists(rows: readonly LayerRow[]): string {
  return rows
    .map(({ diffId, createdBy, files = [] }) =>
      linesText([
        `${shortId(diffId)} ${createdBy}`,
        ...files.map(({ kind, path, size }) => `${letters[kind]} /${path} ${sizeText(size)}`),
      ]),
    )
    .join('\n');
}

function wasteTable(rows: readonly WasteRow[]): string {
  const sum = rows.reduce((bytes, { size }) => bytes + size, 0);
  const table = tableText(
    [
      { title: 'SIZE', align: 'right' },
      { title: 'FILE' },
      { title: 'BROUGHT BY' },
      { title: '' },
      { title: 'BY' },
    ],
    rows.map(({ path, size, how, from, by }) => [
      ...[sizeText(size), `/${path}`, from.slice(0, 40), how, by.slice(0, 40)],
    ]),
  );
  return `${table}${sizeText(sum)} in ${String(rows.length)} files\n`;
}
