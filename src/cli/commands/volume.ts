/** `strata volume ...`: what outlives containers. */
import { Command } from 'commander';
import { UserError } from '../../base/user-error.ts';
import { volumeUsers } from '../../run/end-run.ts';
import { exportDirectory, importDirectory } from '../../run/volume-archive.ts';
import type { VolumeFacts } from '../../run/volume-driver.ts';
import { withVolume } from '../../run/use-volume.ts';
import { confirm } from '../confirm.ts';
import { openEngine } from '../open-engine.ts';
import { collect, parsePairs } from '../option-values.ts';
import { printJson, printLines } from '../print.ts';
import { tableText } from '../table.ts';

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
        labels: parsePairs(options.label ?? []),
      });
      printLines([facts.name]);
    });
}

function ls(): Command {
  return new Command('ls')
    .alias('list')
    .description('list volumes')
    .option('-q, --quiet', 'names only')
    .option('--json', 'as JSON')
    .action(async ({ quiet, json }: { readonly quiet?: true; readonly json?: true }, command: Command) => {
      const all = (await openEngine(command)).engine.volumes.list();
      if (json === true) printJson(all);
      else if (quiet === true) printLines(all.map(({ name }) => name));
      else {
        const rows = all.map(({ driver, name }) => [driver, name]);
        process.stdout.write(tableText([{ title: 'DRIVER' }, { title: 'VOLUME NAME' }], rows));
      }
    });
}

function inspect(): Command {
  return new Command('inspect')
    .description('all that is known of volumes, as JSON')
    .argument('<volume...>')
    .option('--json', 'as JSON, which it is anyway')
    .action(async (names: string[], _: unknown, command: Command) => {
      const { engine } = await openEngine(command);
      const usersOf = await volumeUsers(engine);
      printJson(names.map((name) => described(engine.volumes.get(name), usersOf(name))));
    });
}

/** With the field names of `docker volume inspect` where it has them. */
function described(facts: VolumeFacts, users: readonly string[]): object {
  return {
    CreatedAt: facts.createdAt,
    Driver: facts.driver,
    Labels: facts.labels,
    Mountpoint: facts.mountpoint,
    Name: facts.name,
    Options: facts.options,
    Scope: 'local',
    UsedBy: users,
  };
}

function rm(): Command {
  return new Command('rm')
    .description('remove volumes that no container has')
    .argument('<volume...>')
    .option('-f, --force', 'no error for those that are not there')
    .action(async (names: string[], { force }: { readonly force?: true }, command: Command) => {
      const { engine } = await openEngine(command);
      const usersOf = await volumeUsers(engine);
      for (const name of names) {
        if (force === true && engine.volumes.find(name) === undefined) continue;
        engine.volumes.remove(name, usersOf);
        printLines([name]);
      }
    });
}

interface PruneOptions {
  readonly all?: true;
  readonly force?: true;
}

function prune(): Command {
  return new Command('prune')
    .description('remove volumes that nobody named and no container has')
    .option('-a, --all', 'those with names, too')
    .option('-f, --force', 'without asking')
    .action(async ({ all, force }: PruneOptions, command: Command) => {
      if (force !== true)
        await confirm(`${all === true ? 'every volume' : 'the nameless volumes'} that no container has`);
      const { engine } = await openEngine(command);
      printLines(engine.volumes.prune(await volumeUsers(engine), { all: all === true }));
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
      const { engine } = await openEngine(command);
      await withVolume(engine, name, (content) => importDirectory(content, file === '-' ? undefined : file));
    });
}
