/** `strata system df`: what takes up how much of the disk; `-v` by image, container and volume. */
import { Command } from 'commander';
import type { UserError } from '../../base/user-error.ts';
import { readContainers } from '../../run/container-book.ts';
import { readStates } from '../../run/container-states.ts';
import { readVolumeUsers } from '../../run/volume-users.ts';
import { diskUsageOf } from '../../store/disk-usage.ts';
import { imageShares } from '../../store/image-shares.ts';
import { shortId } from '../../store/ids.ts';
import { parseReference } from '../../store/reference.ts';
import { systemUsage, type UsageRow } from '../../store/system-usage.ts';
import { containerFields } from '../container-fields.ts';
import { findWritten, unknownSize } from '../container-size.ts';
import { tellFaults } from '../faults.ts';
import { formatRows, type Fields, type Listing } from '../listing.ts';
import { openEngine, type OpenedEngine } from '../open-engine.ts';
import { printJson } from '../print.ts';
import { tableText } from '../table.ts';
import { ageText, sizeText } from '../units.ts';

interface Options {
  readonly json?: true;
  readonly verbose?: true;
  readonly format?: string;
}

export function dfCommand(): Command {
  return new Command('df')
    .description('what takes up how much of the disk')
    .option('-v, --verbose', 'by image, container and volume')
    .option('--format <template>', 'a template of Go, in place of the table')
    .option('--json', 'as JSON')
    .action(async ({ json, verbose, format }: Options, command: Command) => {
      const opened = await openEngine(command);
      const { store } = opened;
      const { rows, faults } = await store.lock.shared(() => systemUsage(store));
      if (json === true) printJson(rows);
      else if (verbose === true && format === undefined) {
        const tables = [await imageTable(opened), await containerTable(opened), await volumeTable(opened)];
        process.stdout.write(tables.map(({ text }) => text).join('\n'));
        tellFaults([...faults, ...tables.flatMap((table) => table.faults)]);
        return;
      } else process.stdout.write(formatRows(withSum(rows, format), listing, format));
      tellFaults(faults);
    });
}

/** With what is damaged, of which it does not tell. */
interface Table {
  readonly text: string;
  readonly faults: readonly UserError[];
}

const listing: Listing = {
  titles: {
    ...{ Type: 'TYPE', TotalCount: 'TOTAL', Active: 'ACTIVE', Size: 'SIZE', Reclaimable: 'RECLAIMABLE' },
  },
  shown: 5,
  rightAligned: new Set(['TotalCount', 'Active', 'Size', 'Reclaimable']),
};

/** The table ends with a sum; a template is for each row by itself. */
function withSum(rows: readonly UsageRow[], format: string | undefined): Fields[] {
  const fields = rows.map(({ what, count, active, size, reclaimable }) => ({
    Type: what,
    TotalCount: String(count),
    Active: String(active),
    Size: sizeText(size),
    Reclaimable: sizeText(reclaimable),
  }));
  if (format !== undefined) return fields;
  const sum = rows.reduce((bytes, { size }) => bytes + size, 0);
  return [...fields, { Type: 'all', TotalCount: '', Active: '', Size: sizeText(sum), Reclaimable: '' }];
}

function columns(...titles: readonly string[]): { readonly title: string }[] {
  return titles.map((title) => ({ title }));
}

/** Sizes of files, as `images` has them: what an image shares with others, and what it has alone. */
async function imageTable({ store, engine }: OpenedEngine): Promise<Table> {
  const { containers } = await readContainers(engine);
  const images = await imageShares(store);
  const rows = images.rows.map(({ id, reference, created, size, shared }) => {
    const { name, tag } = reference === undefined ? { name: '<none>' } : parseReference(reference);
    const users = containers.filter(({ image }) => image.id === id).length;
    const sizes =
      size === undefined || shared === undefined
        ? [unknownSize, unknownSize, unknownSize]
        : [size, shared, size - shared].map(sizeText);
    return [name, tag ?? '<none>', shortId(id), ageText(created), ...sizes, String(users)];
  });
  const text = `Images space usage:\n\n${tableText(
    columns('REPOSITORY', 'TAG', 'IMAGE ID', 'CREATED', 'SIZE', 'SHARED SIZE', 'UNIQUE SIZE', 'CONTAINERS'),
    rows,
  )}`;
  return { text, faults: images.faults };
}

async function containerTable({ engine, layers }: OpenedEngine): Promise<Table> {
  const rows: string[][] = [];
  const states = await readStates(engine);
  for (const { container, status } of states.rows) {
    const fields = containerFields({ container, status }, true);
    const shown = ['ID', 'Image', 'Command', 'LocalVolumes'].map((name) => String(fields[name]));
    const state = ['RunningFor', 'Status', 'Names'].map((name) => String(fields[name]));
    const written = await findWritten(layers, container);
    rows.push([...shown, written === undefined ? unknownSize : sizeText(written), ...state]);
  }
  const text = `Containers space usage:\n\n${tableText(
    columns('CONTAINER ID', 'IMAGE', 'COMMAND', 'LOCAL VOLUMES', 'SIZE', 'CREATED', 'STATUS', 'NAMES'),
    rows,
  )}`;
  return { text, faults: states.faults };
}

async function volumeTable({ engine }: OpenedEngine): Promise<Table> {
  const { usersOf, faults } = await readVolumeUsers(engine);
  const { volumes, damaged } = engine.volumes.list();
  const rows = volumes.map(({ name, mountpoint }) => [
    name,
    String(usersOf(name).length),
    sizeText(diskUsageOf(mountpoint)),
  ]);
  const text = `Local Volumes space usage:\n\n${tableText(columns('VOLUME NAME', 'LINKS', 'SIZE'), rows)}`;
  return { text, faults: [...faults, ...damaged.values()] };
}
