/**
 * The options of `strata` that say which data root is meant, and opening that. They stand before or after the
 * command.
 */
import type { Command } from 'commander';
import { defaultRoot } from '../store/data-root.ts';
import { parseDriverName } from '../store/drivers/choose.ts';
import { Store } from '../store/store.ts';

interface RootOptions {
  readonly root?: string;
  readonly driver?: string;
}

export function addRootOptions(program: Command): Command {
  return program
    .option('--root <dir>', `the data root (STRATA_ROOT; ${defaultRoot} unless told)`)
    .option('--driver <name>', 'the storage driver: strata, overlay2, btrfs, vfs');
}

/** The store that a command is meant for. UserError as `Store.open`. */
export function openStore(command: Command, without: { readonly collect?: false } = {}): Promise<Store> {
  const { root, driver } = command.optsWithGlobals<RootOptions>();
  const fromEnvironment = process.env.STRATA_ROOT;
  return Store.open(
    {
      root: root ?? (fromEnvironment === undefined || fromEnvironment === '' ? defaultRoot : fromEnvironment),
      driver: driver === undefined ? undefined : parseDriverName(driver),
    },
    without,
  );
}
