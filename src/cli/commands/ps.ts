/** `strata ps`: which containers there are. */
import { Command, InvalidArgumentError } from 'commander';
import { UserError } from '../../base/user-error.ts';
import { readStates } from '../../run/container-states.ts';
import { isActive, type Container } from '../../run/container.ts';
import { asBroken } from '../../store/durable.ts';
import { imageSize } from '../../store/image-list.ts';
import type { ImageId } from '../../store/ids.ts';
import { containerFields, containerListing, type ListedContainer } from '../container-fields.ts';
import { checkStatuses, containerFilter, containerFilters } from '../container-filters.ts';
import { findWritten, unknownSize } from '../container-size.ts';
import { tellFaults } from '../faults.ts';
import { Filters } from '../filters.ts';
import { formatRows, mentions } from '../listing.ts';
import { openEngine, type OpenedEngine } from '../open-engine.ts';
import { collect } from '../option-values.ts';
import { printJson, printLines } from '../print.ts';

interface Options {
  readonly all?: true;
  readonly latest?: true;
  readonly last?: number;
  readonly quiet?: true;
  readonly json?: true;
  readonly trunc: boolean;
  readonly size?: true;
  readonly filter?: readonly string[];
  readonly format?: string;
}

/** `name`: `ps`, or `ls` of the command `container`. */
export function psCommand(name: string): Command {
  return new Command(name)
    .description('list containers that run')
    .option('-a, --all', 'those that do not, too')
    .option('-l, --latest', 'the one that was made last, whatever it does')
    .option('-n, --last <count>', 'the ones that were made last, whatever they do', parseCount)
    .option('-q, --quiet', 'ids only')
    .option('--no-trunc', 'whole ids and commands')
    .option('-s, --size', 'how much each has written, and with its image')
    .option('-f, --filter <name=value>', `${containerFilters.join(', ')}; may be repeated`, collect)
    .option('--format <template>', 'a template of Go, in place of the table')
    .option('--json', 'as JSON')
    .action(async (options: Options, command: Command) => {
      const { quiet, json, trunc, format } = options;
      const filters = new Filters(options.filter, containerFilters);
      checkStatuses(filters);
      const opened = await openEngine(command);
      const wantsSize = options.size === true || (quiet !== true && mentions(format, 'Size'));
      const rows: ListedContainer[] = [];
      for (const row of await wantedRows(opened, options, filters))
        rows.push(wantsSize ? { ...row, size: await sizeOf(opened, row.container) } : row);
      if (json === true)
        printJson(
          rows.map(({ container, status, size }) => ({
            ...container,
            state: status,
            size: size === unknownSize ? null : size?.written,
          })),
        );
      else if (quiet === true)
        printLines(rows.map(({ container: { id } }) => (trunc ? id.slice(0, 12) : id)));
      else {
        const fields = rows.map((row) => containerFields(row, trunc));
        process.stdout.write(formatRows(fields, containerListing({ sizes: options.size === true }), format));
      }
    });
}

async function wantedRows(
  opened: OpenedEngine,
  { all, latest, last }: Options,
  filters: Filters,
): Promise<ListedContainer[]> {
  const count = latest === true ? 1 : wantedCount(last);
  // As Docker's, who asks for those that have ended need not say --all.
  const showsAll = all === true || count !== undefined || filters.has('status') || filters.has('exited');
  const isWanted = await containerFilter(filters, opened);
  const { rows: stated, faults } = await readStates(opened.engine);
  tellFaults(faults);
  const rows = stated.filter((row) => (showsAll || isActive(row.status)) && isWanted(row));
  return rows.slice(0, count);
}

/** As in Docker, a number below 0 says nothing. */
function wantedCount(last: number | undefined): number | undefined {
  return last !== undefined && last >= 0 ? last : undefined;
}

async function sizeOf(
  { store, layers }: OpenedEngine,
  container: Container,
): Promise<NonNullable<ListedContainer['size']>> {
  const written = await findWritten(layers, container);
  if (written === undefined) return unknownSize;
  const below = await store.lock
    .shared(async () => {
      const found = await store.images.findImage(container.image.id as ImageId);
      return found === undefined ? 0 : imageSize(store, found);
    })
    .catch(asBroken);
  if (below instanceof UserError) {
    tellFaults([below]);
    return unknownSize;
  }
  return { written, virtual: written + below };
}

function parseCount(text: string): number {
  if (!/^-?\d+$/.test(text)) throw new InvalidArgumentError('It is a number of containers.');
  return Number(text);
}
