/**
 * What the acts on containers and volumes work with, put together from a data root. The exit command of a container is
 * this program again, with the same root.
 */
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ContainerLayers, Engine } from '../run/engine.ts';
import { Volumes } from '../run/volumes.ts';
import type { Store } from '../store/store.ts';

/** The same place seen from src/cli and from dist/cli. */
const program = fileURLToPath(new URL('../../bin/strata', import.meta.url));

export function makeEngine(store: Store, layers: ContainerLayers): Engine {
  return {
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
}
