/** `strata volume ...`: what outlives containers. */
import { Command } from 'commander';
import { UserError } from '../../base/user-error.ts';
import { receiveArchive } from '../../run/copy-archive.ts';
import { exportDirectory, importDirectory, openArchive } from '../../run/volume-archive.ts';
import type { VolumeFacts } from '../../run/volume-driver.ts';
import { withVolume } from '../../run/use-volume.ts';
import { pruneVolumes, readVolumeUsers, removeVolumes } from '../../run/volume-users.ts';
import { withReserve } from '../../store/reserve.ts';
import { Workspace } from '../../store/workspace.ts';
import { confirm } from '../confirm.ts';
import { describeVolume } from '../describe-volume.ts';
import { eachOperand } from '../each-operand.ts';
import { tellFaults } from '../faults.ts';
import { Filters, matchesName } from '../filters.ts';
import { formatRows, notAvailable, type Fields, type Listing } from '../listing.ts';
import { openEngine } from '../open-engine.ts';
import { collect, parseLabels, parsePairs } from '../option-values.ts';
import { printJson, printLines } from '../print.ts';
import { printInspected } from '../print-inspected.ts';

export function volumeCommand(): Command {
  const volume = new Command('volume').description('directories that outlive containers');
  for (const command of [create(), ls(), inspect(), rm(), prune(), exportVolume(), importVolume()])
    volume.addCommand(command);
  return volume;
}

interface CreateOptions {
  readonly volumeDriver: string;
  readonly opt?: readonly string[];
  readonly label?: readonly string[];
  readonly name?: string;
}

function create(): Command {
  return new Command('create')
    .description('make a volume, and print its name')
    .argument('[name]')
    .option('-d, --volume-driver <driver>', 'who keeps it; also --driver', 'local')
    .option('-o, --opt <name=value>', 'type, o and device: what mount(8) mounts for it', collect)
    .option('--label <name=value>', 'a label', collect)
    .option('--name <name>', 'its name')
    .action(async (name: string | undefined, options: CreateOptions, command: Command) => {
      const { engine } = await openEngine(command);
      const facts = engine.volumes.create(name ?? options.name, {
        driver: options.volumeDriver,
        options: parsePairs(options.opt ?? []),
        labels: parseLabels(options.label ?? []),
      });
      printLines([facts.name]);
    });
}

function ls(): Command {
  return new Command('ls')
    .alias('list')
    .description('list volumes')
    .option('-q, --quiet', 'names only')
    .option('-f, --filter <name=value>', `${volumeFilters.join(', ')}; may be repeated`, collect)
    .option('--format <template>', 'a template of Go, in place of the table')
    .option('--json', 'as JSON')
    .action(async ({ quiet, json, filter, format }: ListOptions, command: Command) => {
      const filters = new Filters(filter, volumeFilters);
      const { engine } = await openEngine(command);
      const { usersOf, faults } = await readVolumeUsers(engine);
      const { volumes, damaged } = engine.volumes.list();
      // Which volumes are dangling is said of what is known.
      tellFaults([...faults, ...damaged.values()]);
      const rows = volumes.filter(
        ({ name, driver, labels }) =>
          filters.boolean('dangling', usersOf(name).length === 0) &&
          filters.some('driver', (text) => text === driver) &&
          filters.some('name', (text) => matchesName(text, name)) &&
          filters.labels(labels),
      );
      if (json === true) printJson(rows);
      else if (quiet === true) printLines(rows.map(({ name }) => name));
      else process.stdout.write(formatRows(rows.map(fieldsOf), listing, format));
    });
}

interface ListOptions {
  readonly quiet?: true;
  readonly json?: true;
  readonly filter?: readonly string[];
  readonly format?: string;
}

const volumeFilters = ['dangling', 'driver', 'label', 'name'];

const listing: Listing = {
  titles: {
    ...{ Driver: 'DRIVER', Name: 'VOLUME NAME', Scope: 'SCOPE', Mountpoint: 'MOUNTPOINT', Labels: 'LABELS' },
    ...{ Links: 'LINKS', Size: 'SIZE', Availability: 'AVAILABILITY', Group: 'GROUP', Status: 'STATUS' },
  },
  shown: 2,
};

/** With Docker's names. */
function fieldsOf({ name, driver, mountpoint, labels }: VolumeFacts): Fields {
  return {
    Driver: driver,
    Name: name,
    Scope: 'local',
    Mountpoint: mountpoint,
    Labels: Object.entries(labels)
      .map(([key, value]) => `${key}=${value}`)
      .join(','),
    ...{
      Links: notAvailable,
      Size: notAvailable,
      Availability: notAvailable,
      Group: notAvailable,
      Status: notAvailable,
    },
    Label: (key: unknown) => labels[String(key)] ?? '',
  };
}

function inspect(): Command {
  return new Command('inspect')
    .description('all that is known of volumes, as JSON')
    .argument('<volume...>')
    .option('-f, --format <template>', 'a template of Go, in place of JSON')
    .option('--json', 'as JSON, which it is anyway')
    .action(async (names: string[], { format }: { readonly format?: string }, command: Command) => {
      const { engine } = await openEngine(command);
      const { usersOf, faults } = await readVolumeUsers(engine);
      tellFaults(faults);
      const found: object[] = [];
      await eachOperand(names, (name) => {
        found.push(describeVolume(engine.volumes.get(name), usersOf(name)));
      });
      printInspected(found, format);
    });
}

function rm(): Command {
  return new Command('rm')
    .alias('remove')
    .description('remove volumes that no container has')
    .argument('<volume...>')
    .option('-f, --force', 'no error for those that are not there')
    .action(async (names: string[], { force }: { readonly force?: true }, command: Command) => {
      const { engine, store } = await openEngine(command);
      const removals = await removeVolumes(engine, names, (act) => withReserve(store.root, act));
      await eachOperand(removals, ({ name, failure }) => {
        if (failure === undefined) printLines([name]);
        else if (!(force === true && isMissing(failure))) throw failure;
      });
    });
}

function isMissing(thrown: unknown): boolean {
  return thrown instanceof UserError && thrown.code === 'no-such-volume';
}

interface PruneOptions {
  readonly all?: true;
  readonly filter?: readonly string[];
  readonly force?: true;
}

function prune(): Command {
  return new Command('prune')
    .description('remove volumes that nobody named and no container has')
    .option('-a, --all', 'those with names, too')
    .option('--filter <name=value>', 'label, label!, all; may be repeated', collect)
    .option('-f, --force', 'without asking')
    .action(async ({ all: withNames, filter, force }: PruneOptions, command: Command) => {
      const filters = new Filters(filter, ['label', 'label!', 'all']);
      const all = withNames === true || (filters.has('all') && filters.boolean('all', true));
      if (force !== true)
        await confirm(`${all ? 'every volume' : 'the nameless volumes'} that no container has`);
      const { engine, store } = await openEngine(command);
      // What is damaged stays: nobody can tell its labels.
      tellFaults(engine.volumes.list().damaged.values());
      const accepts = ({ labels }: VolumeFacts): boolean => filters.labels(labels);
      printLines(await withReserve(store.root, () => pruneVolumes(engine, { all, accepts })));
    });
}

function exportVolume(): Command {
  return new Command('export')
    .description('write what is in a volume as a tar')
    .argument('<volume>')
    .option('-o, --output <file>', 'to a file instead of standard output')
    .action(async (name: string, { output }: { readonly output?: string }, command: Command) => {
      if (output === undefined && process.stdout.isTTY)
        throw new UserError('terminal', 'a tar is nothing for a terminal', {
          hint: `write strata volume export -o FILE ${name}`,
        });
      const { engine } = await openEngine(command);
      await withVolume(engine, name, (content) => exportDirectory(content, output));
    });
}

function importVolume(): Command {
  return new Command('import')
    .description('add what is in a tar to a volume')
    .argument('<volume>')
    .argument('[file]', 'a tar, or - for standard input', '-')
    .action(async (name: string, file: string, _: unknown, command: Command) => {
      if (file === '-' && process.stdin.isTTY)
        throw new UserError('terminal', 'a terminal is no tar', {
          hint: `write strata volume import ${name} FILE`,
        });
      const { engine, store } = await openEngine(command);
      // Before the work of minutes.
      engine.volumes.get(name);
      await Workspace.use(store, async (workspace) => {
        const received = await receiveArchive(
          file === '-' ? process.stdin : openArchive(file),
          await workspace.makeScratch(),
          {
            hint: `write one there: strata volume export -o FILE ${name}`,
            keepsMarks: true,
          },
        );
        await withVolume(engine, name, (content) => importDirectory(content, received));
      });
    });
}
