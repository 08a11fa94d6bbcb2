/**
 * What refers to layers: images, mounts, and commands at work. A layer that nothing refers to is left over. Where a file is
 * damaged nobody can say so, and nothing is thrown away.
 */
import { nameFromText } from '../base/name.ts';
import { UserError } from '../base/user-error.ts';
import { tryLock } from '../os/lock.ts';
import { brokenFile, findLine, namesIn } from './durable.ts';
import { isCacheId, type CacheId, type ChainId } from './ids.ts';
import type { Layer } from './layer-db.ts';
import type { Store } from './store.ts';
import { readWorkspace } from './workspace.ts';

export interface References {
  /** Layers that must stay, with all below them. */
  readonly layers: ReadonlySet<ChainId>;
  /** Directories of the driver that must stay. */
  readonly caches: ReadonlySet<CacheId>;
  /** Workspaces of commands that died. */
  readonly deadWorkspaces: readonly string[];
}

/** For the holder of the root's lock. UserError `broken-file`. */
export async function readReferences(store: Store): Promise<References> {
  const layers = new Set<ChainId>();
  const caches = new Set<CacheId>();
  const all = await readLayers(store);
  const keep = (chainId: ChainId | undefined): void => {
    for (let next = chainId; next !== undefined && !layers.has(next); next = all.get(next)?.parent)
      layers.add(next);
  };
  for (const { chain } of await store.images.images()) {
    for (const chainId of chain) {
      if (!all.has(chainId)) throw brokenFile(store.layers.pathOf(chainId), 'it is missing');
      keep(chainId);
    }
  }
  const byCache = new Map([...all.values()].map((layer) => [layer.cacheId, layer.chainId]));
  for (const record of await store.mounts.list()) {
    for (const cacheId of record.layers) {
      caches.add(cacheId);
      keep(byCache.get(cacheId));
    }
  }
  for (const name of await namesIn(store.root.layerDb('mounts'))) await keepMount(store, name, keep, caches);
  const deadWorkspaces: string[] = [];
  for (const directory of await workspaces(store)) {
    if (isDead(directory)) {
      deadWorkspaces.push(directory);
      continue;
    }
    const content = await readWorkspace(directory);
    for (const cacheId of content.caches) caches.add(cacheId);
    for (const chainId of content.holds) keep(chainId);
  }
  for (const chainId of layers) {
    const layer = all.get(chainId);
    if (layer !== undefined) caches.add(layer.cacheId);
  }
  return { layers, caches, deadWorkspaces };
}

/** Every layer that is there. UserError `broken-file`. */
export async function readLayers(store: Store): Promise<Map<ChainId, Layer>> {
  const found = new Map<ChainId, Layer>();
  for (const chainId of await store.layers.chainIds())
    found.set(chainId, await store.layers.getLayer(chainId));
  return found;
}

/** A writable layer of a container: `layerdb/mounts/<id>`. */
async function keepMount(
  store: Store,
  name: string,
  keep: (chainId: ChainId) => void,
  caches: Set<CacheId>,
): Promise<void> {
  for (const file of ['mount-id', 'init-id']) {
    const id = (await findLine(store.root.layerDb('mounts', name, file))) ?? '';
    if (isCacheId(id)) caches.add(id);
  }
  const parent = await findMountParent(store, name);
  if (parent !== undefined) keep(parent);
}

/** The layer that a container begins with; `name`: that of its own layer in `layerdb/mounts`. */
export async function findMountParent(store: Store, name: string): Promise<ChainId | undefined> {
  return (await findLine(store.root.layerDb('mounts', name, 'parent'))) as ChainId | undefined;
}

async function workspaces(store: Store): Promise<string[]> {
  const names = await namesIn(store.root.layerDb('tmp'));
  return names.filter((name) => name.startsWith('work-')).map((name) => store.root.layerDb('tmp', name));
}

function isDead(directory: string): boolean {
  const lock = tryLock(nameFromText(directory));
  lock?.release();
  return lock !== undefined;
}

/** Whether `thrown` says that a file is damaged. */
export function isBroken(thrown: unknown): thrown is UserError {
  return thrown instanceof UserError && thrown.code === 'broken-file';
}
