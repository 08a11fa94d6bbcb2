/** The data root that a command on containers or volumes is meant for, with what those need. */
import type { Command } from 'commander';
import type { Engine } from '../run/engine.ts';
import { StoreLayers } from '../run/store-layers.ts';
import type { Store } from '../store/store.ts';
import { makeEngine } from './make-engine.ts';
import { openStore } from './open-store.ts';

export interface OpenedEngine {
  readonly engine: Engine;
  readonly layers: StoreLayers;
  readonly store: Store;
}

/** UserError as `Store.open`. */
export async function openEngine(command: Command): Promise<OpenedEngine> {
  const store = await openStore(command);
  const layers = new StoreLayers(store);
  return { engine: makeEngine(store, layers), layers, store };
}
