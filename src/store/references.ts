/**
 * What refers to layers: images, mounts, and commands at work. A layer that nothing refers to is left over. Where a file is
 * damaged that says what is needed nobody can tell, and nothing is thrown away.
 */
import { existsSync } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { nameFromText } from '../base/name.ts';
import { UserError } from '../base/user-error.ts';
import { tryLock } from '../os/lock.ts';
import { brokenFile, findLine, namesIn } from './durable.ts';
import { isCacheId, type CacheId, type ChainId, type ImageId } from './ids.ts';
import type { Layer } from './layer-db.ts';
import type { Store } from './store.ts';
import { readWorkspace } from './workspace.ts';

export interface References {
  /** Every layer that is there; in the place of one that is damaged the error that says so. */
  readonly all: ReadonlyMap<ChainId, Layer | UserError>;
  /** Layers that must stay, with all below them. */
  readonly layers: ReadonlySet<ChainId>;
  /** Directories of the driver that must stay, but for what a damaged layer has. */
  readonly caches: ReadonlySet<CacheId>;
  /** What is wrong with a layer or a container that must stay: which directory it has, nobody can tell. */
  readonly fault: UserError | undefined;
  /** Workspaces of commands that died. */
  readonly deadWorkspaces: readonly string[];
}

/**
 * For the holder of the root's lock. `without`: images that are about to go, which may be damaged. UserError `broken-file`
 * where the file of another image is, or where a damaged layer may be all that knows what a mount needs.
 */
export async function readReferences(
  store: Store,
  without: ReadonlySet<ImageId> = new Set(),
): Promise<References> {
  const layers = new Set<ChainId>();
  const caches = new Set<CacheId>();
  const all = await store.layers.all();
  const keep = (chainId: ChainId | undefined): void => {
    for (let next = chainId; next !== undefined && !layers.has(next);) {
      const layer = all.get(next);
      if (layer instanceof UserError) throw layer;
      layers.add(next);
      next = layer?.parent;
    }
  };
  // The first, since an image tells of its damaged layers, too, what lies below them.
  for (const id of await store.images.imageIds()) {
    const image = without.has(id) ? undefined : await store.images.findImage(id);
    for (const chainId of image?.chain ?? []) layers.add(chainId);
  }
  const named = [...layers];
  const mounts = await namesIn(store.root.layerDb('mounts'));
  for (const name of mounts) await keepMount(store, name, keep, caches);
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
  await keepMounted(store, all, keep, caches);
  for (const chainId of layers) {
    const layer = all.get(chainId);
    if (layer !== undefined && !(layer instanceof UserError)) caches.add(layer.cacheId);
  }
  const faults = named.map(
    (chainId) => all.get(chainId) ?? brokenFile(store.layers.pathOf(chainId), 'it is missing'),
  );
  const fault = faults.find((layer) => layer instanceof UserError) ?? (await findLostLayers(store, mounts));
  return { all, layers, caches, fault, deadWorkspaces };
}

/** A container that is whole, of which nobody knows the layers: those are taken for left over by whoever looks. */
async function findLostLayers(store: Store, mounts: readonly string[]): Promise<UserError | undefined> {
  const known = new Set(mounts);
  for (const id of await namesIn(store.root.at('containers'))) {
    if (known.has(id) || !existsSync(store.root.at('containers', id, 'container.json'))) continue;
    return brokenFile(store.root.layerDb('mounts', id), 'it is missing');
  }
  return undefined;
}

/** Directories of the driver that containers, mounts and commands at work have, whatever is damaged of images and layers. */
export async function readUsedCaches(store: Store): Promise<Set<CacheId>> {
  const caches = new Set<CacheId>();
  for (const name of await namesIn(store.root.layerDb('mounts')))
    await keepMount(store, name, () => undefined, caches);
  for (const directory of await workspaces(store))
    if (!isDead(directory)) for (const id of (await readWorkspace(directory)).caches) caches.add(id);
  for (const { layers } of await store.mounts.list()) for (const id of layers) caches.add(id);
  return caches;
}

/** Those of `directories` of the driver that nothing needs, not even what stays and was made over them. */
export async function findUnreferenced(
  store: Store,
  directories: readonly CacheId[],
  { caches }: References,
): Promise<CacheId[]> {
  const left = directories.filter((id) => !caches.has(id));
  if (left.length === 0) return left;
  // A layer that was damaged and came anew has another directory than the one that containers were made over.
  const below = new Set<string>();
  for (const id of caches) {
    // One that is still being made does not say it yet, and was made over a layer that is held.
    for (const path of await store.driver.lowers(id).catch(() => []))
      for (const part of (await realpath(path).catch(() => '')).split('/')) below.add(part);
  }
  return left.filter((id) => !below.has(id));
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

/** What is mounted: `caches` has what containers and commands at work write to. */
async function keepMounted(
  store: Store,
  all: References['all'],
  keep: (chainId: ChainId) => void,
  caches: Set<CacheId>,
): Promise<void> {
  const byCache = new Map<CacheId, ChainId>();
  let fault: UserError | undefined;
  for (const [chainId, layer] of all) {
    if (layer instanceof UserError) fault ??= layer;
    else byCache.set(layer.cacheId, chainId);
  }
  for (const cacheId of (await store.mounts.list()).flatMap((record) => record.layers)) {
    const chainId = byCache.get(cacheId);
    if (chainId !== undefined) keep(chainId);
    else if (fault !== undefined && !caches.has(cacheId)) throw fault;
    caches.add(cacheId);
  }
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
