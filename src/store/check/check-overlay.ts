/**
 * Checks what lies around the content of layers in the overlay format, those of images and those of containers: names, and
 * what a mount has left.
 */
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { UserError } from '../../base/user-error.ts';
import { OverlayDirs } from '../drivers/overlay-dirs.ts';
import { asBroken, findJson, findLine, namesIn } from '../durable.ts';
import { isCacheId, type CacheId, type ChainId, type ImageId } from '../ids.ts';
import type { Layer } from '../layer-db.ts';
import { findMountParent, readUsedCaches } from '../references.ts';
import { removeDirectory } from '../remove-directory.ts';
import type { Store } from '../store.ts';
import { findMaker } from './check-mounts.ts';
import { checkLink, checkLower } from './check-overlay-names.ts';
import type { Finding } from './finding.ts';

export async function checkOverlay(store: Store, layers: ReadonlyMap<ChainId, Layer>): Promise<Finding[]> {
  const dirs = new OverlayDirs(store.root);
  const findings: Finding[] = [];
  const targets = await dirs.linkTargets();
  const used = await findUsed(store);
  const byTarget = new Map([...targets].map(([link, target]) => [target, link]));
  for (const [link, target] of targets) {
    if (link === 'empty' || existsSync(join(dirs.links(), target))) continue;
    // What a container has lost has a finding of its own, and may be put back.
    if (used.has(target.split('/')[1] ?? '')) continue;
    const path = dirs.links(link);
    const mend = (): Promise<void> => rm(path, { force: true });
    findings.push({
      code: 'link-dangling',
      path,
      message: `it leads to ${target}, which is not there`,
      mend,
    });
  }
  for (const layer of layers.values()) {
    findings.push(...(await checkLink(dirs, layer.cacheId, byTarget.get(`../${layer.cacheId}/diff`))));
    findings.push(...(await checkState(dirs, layer)));
  }
  // After the links are right, since the lists are made of them.
  for (const layer of layers.values()) {
    const below = chainBelow(layers, layer.parent);
    if (below !== undefined) findings.push(...(await checkLower(dirs, layer.cacheId, below)));
  }
  for (const name of await namesIn(store.root.layerDb('mounts'))) {
    if (findMaker(store, name) !== undefined) continue;
    findings.push(...(await checkContainer(store, dirs, name, layers, byTarget)));
  }
  return findings;
}

/** Directories that something has; none where that is damaged, which has findings of its own. */
async function findUsed(store: Store): Promise<ReadonlySet<string>> {
  const used = await readUsedCaches(store).catch(asBroken);
  return used instanceof UserError ? new Set() : used;
}

async function checkState(dirs: OverlayDirs, { cacheId }: Layer): Promise<Finding[]> {
  const findings: Finding[] = [];
  if (!(await dirs.isCommitted(cacheId))) {
    const path = join(dirs.directory(cacheId), 'committed');
    const mend = (): Promise<void> => dirs.commit(cacheId);
    findings.push({ code: 'not-committed', path, message: 'a layer could be mounted for writing', mend });
  }
  for (const name of await namesIn(dirs.work(cacheId))) {
    const path = join(dirs.work(cacheId), name);
    const mend = (): Promise<void> => removeDirectory(path);
    findings.push({ code: 'work-not-empty', path, message: 'a layer that is done has work left', mend });
  }
  return findings;
}

/** From the top; undefined where one of them is missing, which has a finding of its own. */
function chainBelow(layers: ReadonlyMap<ChainId, Layer>, parent: ChainId | undefined): CacheId[] | undefined {
  const below: CacheId[] = [];
  for (let next = parent; next !== undefined;) {
    const layer = layers.get(next);
    if (layer === undefined) return undefined;
    below.push(layer.cacheId);
    next = layer.parent;
  }
  return below;
}

/** The two layers of a container that is done. What its files do not name is found by `checkMounts`. */
async function checkContainer(
  store: Store,
  dirs: OverlayDirs,
  name: string,
  layers: ReadonlyMap<ChainId, Layer>,
  byTarget: ReadonlyMap<string, string>,
): Promise<Finding[]> {
  const path = store.root.layerDb('mounts', name);
  const [init = '', writable = ''] = await Promise.all(
    ['init-id', 'mount-id'].map((file) => findLine(join(path, file))),
  );
  if (!isCacheId(init) || !isCacheId(writable)) return [];
  const parent = await findMountParent(store, name);
  if (parent === undefined && (await hasLayersBelow(store, name))) {
    return [{ code: 'mount-parent', path, message: 'it does not name the layer that it began with' }];
  }
  const below = chainBelow(layers, parent);
  if (below === undefined) return [];
  const findings: Finding[] = [];
  for (const [id, expected] of [
    [init, below],
    [writable, [init, ...below]],
  ] as const) {
    if (!existsSync(dirs.directory(id))) continue;
    if (!existsSync(dirs.diff(id))) {
      findings.push({ code: 'diff-missing', path: dirs.diff(id), message: 'what a layer holds is missing' });
    }
    findings.push(...(await checkLink(dirs, id, byTarget.get(`../${id}/diff`))));
    findings.push(...(await checkLower(dirs, id, expected)));
  }
  return findings;
}

/** Whether the image of a container is known to have layers. */
async function hasLayersBelow(store: Store, name: string): Promise<boolean> {
  const path = join(store.root.at('containers', name), 'container.json');
  const container = await findJson(path, v.object({ image: v.object({ id: v.string() }) })).catch(asBroken);
  if (container === undefined || container instanceof UserError) return false;
  const image = await store.images.findImage(container.image.id as ImageId).catch(asBroken);
  return image !== undefined && !(image instanceof UserError) && image.chain.length > 0;
}

/** Directories of the driver that have no name of one. */
export async function foreignDirectories(store: Store): Promise<Finding[]> {
  const base = store.root.at('overlay2');
  const names = await namesIn(base);
  return names
    .filter((name) => name !== 'l' && !isCacheId(name))
    .map((name) => ({ code: 'foreign-file', path: join(base, name), message: 'it is no layer' }));
}
