/** `strata builder ...`: the commands about builds, by their names in Docker's newer grammar. */
import { Command } from 'commander';
import { pruneBuildCache } from '../../build/prune-build-cache.ts';
import { withReserve } from '../../store/reserve.ts';
import type { Store } from '../../store/store.ts';
import { confirm } from '../confirm.ts';
import { openStore } from '../open-store.ts';
import { reportPruned, type Pruned } from '../pruned.ts';
import { buildCommand } from './build.ts';

export function builderCommand(): Command {
  return new Command('builder')
    .description('the commands about builds')
    .addCommand(buildCommand())
    .addCommand(pruneCommand());
}

function pruneCommand(): Command {
  return new Command('prune')
    .description('remove the caches of RUN --mount=type=cache that no build uses')
    .option('-a, --all', 'what is known of the steps of builds, too: the next build does every step')
    .option('-f, --force', 'without asking')
    .action(async ({ all, force }: { readonly all?: true; readonly force?: true }, command: Command) => {
      if (force !== true) await confirm(cachesThatGo(all === true));
      const store = await openStore(command);
      reportPruned([await pruneCaches(store, all === true)]);
    });
}

export async function pruneCaches(store: Store, all: boolean): Promise<Pruned> {
  const bytes = await withReserve(store.root, () => pruneBuildCache(store, { all }));
  return { lines: [], bytes };
}

export function cachesThatGo(all: boolean): string {
  const caches = 'all caches of RUN --mount=type=cache that no build uses';
  return all ? `${caches}, and what is known of the steps of builds` : caches;
}
