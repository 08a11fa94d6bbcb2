/**
 * Throws away what commands that died have left. Every command begins with a look whether there is anything of that
 * kind, which costs three listings; only then everything is read, and only while nobody else is at work.
 */
import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { removeTrial } from './drivers/choose.ts';
import { findLine, isBroken, namesIn, unfinishedPrefix } from './durable.ts';
import { isCacheId, type CacheId } from './ids.ts';
import { findUnreferenced, readReferences } from './references.ts';
import { inUse } from './mount-count.ts';
import { isEnding } from './mount-end.ts';
import { removeDirectory } from './remove-directory.ts';
import type { Store } from './store.ts';
import { tryRemoval } from './try-removal.ts';
import { readWorkspace } from './workspace.ts';

/** Leaves everything as it is while another command is at work, or where a file is damaged. What does not go stays. */
export async function collectIfNeeded(store: Store): Promise<void> {
  try {
    await tryRemoval(() => store.driver.cleanup());
    const isNeeded =
      store.lock.wasAbandoned ||
      (await namesIn(store.root.layerDb('tmp'))).length > 0 ||
      (await namesIn(store.root.path)).some(isUnfinished);
    if (!isNeeded) return;
    await tryRemoval(() => store.lock.exclusiveNow(() => collect(store)));
  } catch (thrown) {
    // `system check` tells of it; what is damaged may be what says that a layer is needed.
    if (!isBroken(thrown)) throw thrown;
  }
}

/**
 * What was thrown away, in words; the next command tries again what did not go. For the holder of the root's lock.
 * UserError `broken-file`, and nothing is gone.
 */
export async function collect(store: Store): Promise<string[]> {
  // Before the references: who makes a directory writes that down first.
  const directories = await store.driver.list();
  const references = await readReferences(store);
  if (references.fault !== undefined) throw references.fault;
  const unreferenced = await findUnreferenced(store, directories, references);
  const done: string[] = [];
  let stays = 0;
  const remove = async (what: string, removal: () => Promise<void>): Promise<boolean> => {
    const isGone = await tryRemoval(removal);
    if (isGone) done.push(what);
    else stays += 1;
    return isGone;
  };
  for (const chainId of references.all.keys()) {
    if (references.layers.has(chainId)) continue;
    await remove(`layer ${chainId}`, () => store.layers.remove(chainId));
  }
  const stuck = new Set<CacheId>();
  for (const id of unreferenced) {
    // Its command may have died a moment ago, and its mounts are there until the next look.
    const isGone = await remove(`directory ${store.driver.directoryOf(id)}`, async () => {
      // With the lock of the root nobody waits for a server.
      if (await isEnding(store.mounts, id)) throw inUse(store.driver.directoryOf(id));
      await store.driver.remove(id);
    });
    if (!isGone) stuck.add(id);
  }
  for (const directory of references.deadWorkspaces) {
    // As long as it is there, every command looks for what it names.
    if ((await readWorkspace(directory)).caches.some((id) => stuck.has(id))) continue;
    await remove(`unfinished work ${directory}`, () => removeDirectory(directory));
  }
  for (const path of await unfinishedFiles(store)) {
    const act = isDeadTrial(basename(path)) ? removeTrial : removeDirectory;
    await remove(`file ${path}`, () => act(path));
  }
  if (stays === 0) store.lock.forgetAbandoned();
  return done;
}

/** Files and directories that a crash has left in the midst of being made or removed. */
export async function unfinishedFiles(store: Store): Promise<string[]> {
  const { root } = store;
  const found: string[] = [];
  for (const directory of [
    root.path,
    root.image(),
    root.imageDb('content', 'sha256'),
    ...(await subdirectories(root.imageDb('metadata', 'sha256'))),
    ...(await subdirectories(root.layerDb('sha256'))),
    ...(await layerDirectories(store)),
  ]) {
    for (const name of await namesIn(directory).catch(() => [])) {
      if (isUnfinished(name)) found.push(join(directory, name));
    }
  }
  for (const name of await namesIn(root.layerDb('tmp'))) {
    if (!name.startsWith('work-')) found.push(root.layerDb('tmp', name));
  }
  // What is known of an image without the image.
  const images = new Set(await namesIn(root.imageDb('content', 'sha256')));
  for (const name of await namesIn(root.imageDb('metadata', 'sha256'))) {
    if (!images.has(name)) found.push(root.imageDb('metadata', 'sha256', name));
  }
  return found;
}

/** Of layers that are published: what is in the others is their makers' alone. */
async function layerDirectories(store: Store): Promise<string[]> {
  // With the other drivers it is the tree of the layer, in which every name is its own.
  if (store.root.format !== 'overlay2') return [];
  const ids = await Promise.all(
    (await store.layers.chainIds()).map((chainId) =>
      findLine(join(store.layers.pathOf(chainId), 'cache-id')),
    ),
  );
  return ids.filter((id) => id !== undefined && isCacheId(id)).map((id) => store.driver.directoryOf(id));
}

async function subdirectories(directory: string): Promise<string[]> {
  return (await namesIn(directory)).map((name) => join(directory, name));
}

function isUnfinished(name: string): boolean {
  return name.startsWith(unfinishedPrefix) || isDeadTrial(name);
}

function isDeadTrial(name: string): boolean {
  const pid = /^\.trial-(\d+)-/.exec(name)?.[1];
  return pid !== undefined && !existsSync(`/proc/${pid}`);
}
