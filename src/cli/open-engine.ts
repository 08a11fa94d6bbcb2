/**
 * What the commands on containers and volumes work with, put together from a data root. The exit command of a
 * container is this program again, with the same root.
 */
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import type { Engine } from '../run/engine.ts';
import { StoreLayers } from '../run/store-layers.ts';
import { Volumes } from '../run/volumes.ts';
import type { Store } from '../store/store.ts';
import { openStore } from './open-store.ts';

export interface OpenedEngine {
  readonly engine: Engine;
  readonly layers: StoreLayers;
  readonly store: Store;
}

/** The same place seen from src/cli and from dist/cli. */
const program = fileURLToPath(new URL('../../bin/strata', import.meta.url));

/** UserError as `Store.open`. */
export async function openEngine(command: Command): Promise<OpenedEngine> {
  const store = await openStore(command);
  const layers = new StoreLayers(store);
  const engine: Engine = {
    containers: store.root.at('containers'),
    runRoot: store.run.path,
    volumes: new Volumes(store.root.path),
    layers,
    exitCommand: [
      program,
      ...['--root', store.root.path, '--run-root', dirname(store.run.path)],
      ...['--driver', store.driver.name, 'end-run'],
    ],
  };
  return { engine, layers, store };
}
