/**
 * `strata prune`, `image prune`, `container prune` and `system prune`: takes away what nothing uses, after asking. What
 * commands that died have left needs none of these: every command throws it away.
 */
import { Command } from 'commander';
import { volumeUsers } from '../../run/end-run.ts';
import { pruneContainers } from '../../run/prune-containers.ts';
import { DiskUsage } from '../../store/disk-usage.ts';
import { pruneImages, removalLines } from '../../store/remove-image.ts';
import type { Store } from '../../store/store.ts';
import { confirm } from '../confirm.ts';
import { openEngine, type OpenedEngine } from '../open-engine.ts';
import { openStore } from '../open-store.ts';
import { printLines } from '../print.ts';
import { sizeText } from '../units.ts';

interface Options {
  readonly all?: true;
  readonly force?: true;
  readonly volumes?: true;
}

/** What was removed, a line each, and the bytes that it took up. */
interface Pruned {
  readonly lines: readonly string[];
  readonly bytes: number;
}

/** `name`: it is there under two. */
export function pruneImagesCommand(name: string): Command {
  return new Command(name)
    .description('remove images without a name')
    .option('-a, --all', 'all images that are not mounted and have no container')
    .option('-f, --force', 'without asking')
    .action(async ({ all, force }: Options, command: Command) => {
      if (force !== true) await confirm(imagesThatGo(all));
      report([await images(await openStore(command), all)]);
    });
}

export function pruneContainersCommand(): Command {
  return new Command('prune')
    .description('remove containers that do not run')
    .option('-f, --force', 'without asking')
    .action(async ({ force }: Options, command: Command) => {
      if (force !== true) await confirm('all containers that do not run');
      report([await containers(await openEngine(command))]);
    });
}

export function pruneSystemCommand(): Command {
  return new Command('prune')
    .description('remove containers that do not run, and images without a name')
    .option('-a, --all', 'all images that are not mounted and have no container')
    .option('--volumes', 'volumes that nobody named and no container has, too')
    .option('-f, --force', 'without asking')
    .action(async ({ all, volumes: withVolumes, force }: Options, command: Command) => {
      if (force !== true)
        await confirm(
          'all containers that do not run',
          ...(withVolumes === true ? ['all volumes that nobody named and no container has'] : []),
          imagesThatGo(all),
        );
      const opened = await openEngine(command);
      // In this order: what a container had is free when it is gone.
      const pruned = [await containers(opened)];
      if (withVolumes === true) pruned.push(await volumes(opened));
      report([...pruned, await images(opened.store, all)]);
    });
}

function imagesThatGo(all: true | undefined): string {
  return all === true
    ? 'all images that are not mounted and have no container'
    : 'all images without a name, unless mounted or in use by a container';
}

async function images(store: Store, all: true | undefined): Promise<Pruned> {
  const removal = await pruneImages(store, { all: all === true });
  return { lines: removalLines(removal), bytes: removal.reclaimed };
}

async function containers({ engine, layers }: OpenedEngine): Promise<Pruned> {
  const { ids, bytes } = await pruneContainers(engine, ({ id }) => layers.size(id));
  return { lines: ids.map((id) => `Deleted container: ${id}`), bytes };
}

async function volumes({ engine }: OpenedEngine): Promise<Pruned> {
  const usage = new DiskUsage();
  const sizes = new Map(
    engine.volumes.list().map(({ name, mountpoint }) => [name, usage.of(mountpoint)] as const),
  );
  const gone = engine.volumes.prune(await volumeUsers(engine), { all: false });
  return {
    lines: gone.map((name) => `Deleted volume: ${name}`),
    bytes: gone.reduce((sum, name) => sum + (sizes.get(name) ?? 0), 0),
  };
}

function report(pruned: readonly Pruned[]): void {
  const bytes = pruned.reduce((sum, part) => sum + part.bytes, 0);
  printLines([...pruned.flatMap(({ lines }) => lines), `Total reclaimed space: ${sizeText(bytes)}`]);
}
