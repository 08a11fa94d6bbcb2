/**
 * The options of `strata` that say which data root is meant, and opening that. They stand before or after the
 * command.
 */
import { resolve } from 'node:path';
import { InvalidArgumentError, type Command } from 'commander';
import { endDeadRuns } from '../run/dead-runs.ts';
import { StoreLayers } from '../run/store-layers.ts';
import { collectIfNeeded } from '../store/collect.ts';
import { defaultRoot } from '../store/data-root.ts';
import { parseDriverName } from '../store/drivers/choose.ts';
import { Store } from '../store/store.ts';
import { checkPath } from './check-words.ts';
import { makeEngine } from './make-engine.ts';

interface RootOptions {
  readonly root?: string;
  readonly runRoot?: string;
  readonly driver?: string;
}

export function addRootOptions(program: Command): Command {
  return program
    .option('--root <dir>', `the data root (STRATA_ROOT; ${defaultRoot} unless told)`, parseDirectory)
    .option(
      '--run-root <dir>',
      'where what is true of this boot only is kept (STRATA_RUN_ROOT; of root /run/strata unless told)',
      parseDirectory,
    )
    .option('--driver <name>', 'the storage driver: strata, overlay2, btrfs, vfs');
}

/** A variable that is not set makes an empty word, which would be the working directory. */
function parseDirectory(text: string): string {
  if (text !== '') return text;
  throw new InvalidArgumentError('It is a directory, and this is empty.');
}

/** The data root that is meant: `--root`, or what the environment says. */
export function rootPath(given: string | undefined): string {
  const fromEnvironment = process.env.STRATA_ROOT;
  return given ?? (fromEnvironment === undefined || fromEnvironment === '' ? defaultRoot : fromEnvironment);
}

/**
 * The store that a command is meant for, without what commands that died have left running or lying about. UserError as
 * `Store.open`. `without`: leaves that alone.
 */
export async function openStore(
  command: Command,
  without: { readonly collect?: false } = {},
): Promise<Store> {
  const { root, runRoot, driver } = command.optsWithGlobals<RootOptions>();
  checkPath(resolve(rootPath(root)));
  const store = await Store.open(
    {
      root: rootPath(root),
      runRoot: runRootPath(runRoot),
      driver: driver === undefined ? undefined : parseDriverName(driver),
    },
    { collect: false },
  );
  if (without.collect === false) return store;
  // First: what runs holds mounts, and layers.
  await endDeadRuns(makeEngine(store, new StoreLayers(store)));
  await collectIfNeeded(store);
  return store;
}

/** Undefined: the usual place. */
function runRootPath(given: string | undefined): string | undefined {
  const fromEnvironment = process.env.STRATA_RUN_ROOT;
  return given ?? (fromEnvironment === '' ? undefined : fromEnvironment);
}
