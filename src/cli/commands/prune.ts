/**
 * `strata prune`, `image prune`, `container prune` and `system prune`: takes away what nothing uses, after asking. What
 * commands that died have left needs none of these: every command throws it away.
 */
import { Command } from 'commander';
import { UserError } from '../../base/user-error.ts';
import { findImageOf } from '../../run/container-book.ts';
import { pruneContainers } from '../../run/prune-containers.ts';
import { pruneVolumes } from '../../run/volume-users.ts';
import { DiskUsage } from '../../store/disk-usage.ts';
import { pruneImages, removalLines } from '../../store/remove-image.ts';
import type { Image } from '../../store/image-db.ts';
import { withReserve } from '../../store/reserve.ts';
import { confirm } from '../confirm.ts';
import { tellFaults } from '../faults.ts';
import { Filters } from '../filters.ts';
import { openEngine, type OpenedEngine } from '../open-engine.ts';
import { collect } from '../option-values.ts';
import { printError } from '../print.ts';
import { reportPruned, type Pruned } from '../pruned.ts';
import { cachesThatGo, pruneCaches } from './builder.ts';

interface Options {
  readonly all?: true;
  readonly filter?: readonly string[];
  readonly force?: true;
  readonly volumes?: true;
}

const pruneFilters = ['until', 'label', 'label!'];
const filterText = 'only what until=24h, label=NAME or label!=NAME says; may be repeated';

/** `name`: it is there under two. */
export function pruneImagesCommand(name: string): Command {
  return new Command(name)
    .description('remove images without a name')
    .option('-a, --all', 'all images that are not mounted and have no container')
    .option('--filter <name=value>', filterText, collect)
    .option('-f, --force', 'without asking')
    .action(async ({ all, filter, force }: Options, command: Command) => {
      const filters = new Filters(filter, [...pruneFilters, 'dangling']);
      const isAll = all === true || (filters.has('dangling') && filters.boolean('dangling', false));
      if (force !== true) await confirm(imagesThatGo(isAll));
      reportPruned([await images(await openEngine(command), isAll, filters)]);
    });
}

export function pruneContainersCommand(): Command {
  return new Command('prune')
    .description('remove containers that do not run')
    .option('--filter <name=value>', filterText, collect)
    .option('-f, --force', 'without asking')
    .action(async ({ filter, force }: Options, command: Command) => {
      const filters = new Filters(filter, pruneFilters);
      if (force !== true) await confirm('all containers that do not run');
      reportPruned([await containers(await openEngine(command), filters)]);
    });
}

export function pruneSystemCommand(): Command {
  return new Command('prune')
    .description('remove containers that do not run, images without a name, and the caches of builds')
    .option('-a, --all', 'all images that are not mounted and have no container, and all that builds know')
    .option('--volumes', 'volumes that nobody named and no container has, too')
    .option('--filter <name=value>', filterText, collect)
    .option('-f, --force', 'without asking')
    .action(async ({ all, volumes: withVolumes, filter, force }: Options, command: Command) => {
      const filters = new Filters(filter, pruneFilters);
      if (withVolumes === true && filters.has('until')) throw untilWithVolumes();
      if (force !== true)
        await confirm(
          'all containers that do not run',
          ...(withVolumes === true ? ['all volumes that nobody named and no container has'] : []),
          imagesThatGo(all === true),
          ...(filter === undefined ? [cachesThatGo(all === true)] : []),
        );
      const opened = await openEngine(command);
      // In this order: what a container had is free when it is gone.
      const pruned = [await containers(opened, filters)];
      if (withVolumes === true) pruned.push(await volumes(opened, filters));
      pruned.push(await images(opened, all === true, filters));
      // Of a cache nobody knows what a filter asks for.
      if (filter === undefined) pruned.push(await pruneCaches(opened.store, all === true));
      reportPruned(pruned);
    });
}

/** As Docker's: the age of a volume does not tell whether it is still wanted. */
function untilWithVolumes(): UserError {
  return new UserError('bad-filter', 'The "until" filter is not supported with "--volumes"', {
    hint: 'prune volumes by themselves: strata volume prune',
  });
}

function imagesThatGo(all: boolean): string {
  return all
    ? 'all images that are not mounted and have no container'
    : 'all images without a name, unless mounted or in use by a container';
}

async function images({ engine, store }: OpenedEngine, all: boolean, filters: Filters): Promise<Pruned> {
  const accepts = ({ config }: Image): boolean =>
    filters.labels(config.config?.Labels) && filters.until(config.created);
  const imageOf = (container: string) => findImageOf(engine, container);
  const removal = await withReserve(store.root, () => pruneImages(store, { all, accepts, imageOf }));
  if (removal.fault !== undefined) printError(removal.fault);
  return { lines: removalLines(removal), bytes: removal.reclaimed };
}

async function containers({ engine, layers, store }: OpenedEngine, filters: Filters): Promise<Pruned> {
  const { ids, bytes, faults } = await withReserve(store.root, () =>
    pruneContainers(engine, {
      sizeOf: ({ id }) => layers.size(id),
      accepts: ({ labels, created }) => filters.labels(labels) && filters.until(created),
    }),
  );
  tellFaults(faults);
  return { lines: ids.map((id) => `Deleted container: ${id}`), bytes };
}

async function volumes({ engine, store }: OpenedEngine, filters: Filters): Promise<Pruned> {
  const usage = new DiskUsage();
  const { volumes: all, damaged } = engine.volumes.list();
  tellFaults(damaged.values());
  const sizes = new Map(all.map(({ name, mountpoint }) => [name, usage.of(mountpoint)] as const));
  const gone = await withReserve(store.root, () =>
    pruneVolumes(engine, {
      all: false,
      accepts: ({ labels }) => filters.labels(labels),
    }),
  );
  return {
    lines: gone.map((name) => `Deleted volume: ${name}`),
    bytes: gone.reduce((sum, name) => sum + (sizes.get(name) ?? 0), 0),
  };
}
