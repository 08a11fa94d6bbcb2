/**
 * `strata which PATH`: which layer a file comes from, and which instruction made that. PATH is a file in a mount
 * of this data root, whoever serves it, or `IMAGE:/PATH`.
 */
import { existsSync, lstatSync, realpathSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { nameFromText, nameToText } from '../base/name.ts';
import { UserError } from '../base/user-error.ts';
import { asBroken } from './durable.ts';
import type { ChainId, ImageId } from './ids.ts';
import { layerInstructions } from './image-config.ts';
import { resolveImagePath, splitImagePath } from './image-path.ts';
import type { Image } from './image-db.ts';
import { withLayerView } from './layer-view.ts';
import type { Store } from './store.ts';

export interface Provenance {
  /** From the root of the tree. */
  readonly path: string;
  /** `upper` for what was changed in the mount itself. */
  readonly layer: ChainId | 'upper';
  readonly diffId: string | undefined;
  readonly image: ImageId | undefined;
  readonly createdBy: string | undefined;
}

/** UserError `not-mounted`, `no-such-file`. For a holder of the root's lock. */
export async function findProvenance(store: Store, word: string): Promise<Provenance> {
  if (splitImagePath(word) !== undefined && !existsSync(word)) {
    const { image, path } = await resolveImagePath(store, word);
    return inImage(store, image, path);
  }
  const file = realFile(word);
  // One of them may lie in another.
  const [record] = (await store.mounts.list())
    .filter(({ target, ending }) => ending !== true && `${file}/`.startsWith(`${target}/`))
    .sort((a, b) => b.target.length - a.target.length);
  const image = record === undefined ? undefined : await imageOf(store, record.layers);
  if (record === undefined || image === undefined) {
    throw new UserError('not-mounted', `${word} lies in no image that is mounted from this data root`, {
      hint: 'mount one with strata mount, or write IMAGE:/PATH',
    });
  }
  const path = relative(record.target, file);
  if (record.upper !== undefined && isUpper(join(record.upper, path))) {
    return { path: `/${path}`, layer: 'upper', diffId: undefined, image: image.id, createdBy: undefined };
  }
  return inImage(store, image, nameFromText(path));
}

/** The last component may be a link, which is what is asked about. */
function realFile(word: string): string {
  const path = resolve(word);
  try {
    return path === '/' ? path : join(realpathSync(dirname(path)), basename(path));
  } catch (cause) {
    throw new UserError('no-such-file', `there is no ${word}`, { hint: 'name a file that is there', cause });
  }
}

/** A directory there may be one that only holds something that was changed. */
function isUpper(path: string): boolean {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  return stat !== undefined && !stat.isDirectory();
}

/** The one with the most of these layers, from the top; those of a container lie over its image's. */
async function imageOf(store: Store, layers: readonly string[]): Promise<Image | undefined> {
  const byTop = new Map<string, Image>();
  for (const image of (await store.images.all()).values()) {
    const chainId = image instanceof UserError ? undefined : image.chain.at(-1);
    if (image instanceof UserError || chainId === undefined) continue;
    // One that is damaged cannot have been mounted.
    const layer = await store.layers.getLayer(chainId).catch(asBroken);
    if (!(layer instanceof UserError)) byTop.set(layer.cacheId, image);
  }
  const top = layers.find((id) => byTop.has(id));
  return top === undefined ? undefined : byTop.get(top);
}

/** `given` may go through links, of which the last is what is asked about. */
async function inImage(store: Store, image: Image, given: string): Promise<Provenance> {
  const { path, depth } = await withLayerView(store, image, (view) => {
    const path = view.follow(given, { last: false });
    return Promise.resolve({ path, depth: view.findLayer(path) });
  });
  const index = depth === undefined ? -1 : await indexOf(store, image, depth, path);
  const layer = image.chain[index];
  const shown = `/${nameToText(path)}`;
  if (layer === undefined) {
    throw new UserError('no-such-file', `there is no ${shown} in the image`, {
      hint: 'strata tree --layers lists what there is',
    });
  }
  return {
    path: shown,
    layer,
    diffId: image.config.rootfs.diff_ids[index],
    image: image.id,
    createdBy: layerInstructions(image.config)[index]?.created_by,
  };
}

/** Position from the bottom. A driver that keeps whole trees has one directory for all layers: there the changes tell. */
async function indexOf(store: Store, image: Image, depth: number, path: string): Promise<number> {
  if (store.root.format === 'overlay2') return image.chain.length - 1 - depth;
  for (let index = image.chain.length - 1; index > 0; index--) {
    const [chainId, below] = [image.chain[index], image.chain[index - 1]];
    if (chainId === undefined || below === undefined) break;
    const [layer, parent] = [await store.layers.getLayer(chainId), await store.layers.getLayer(below)];
    const changes = await store.driver.changes(layer.cacheId, parent.cacheId);
    if (changes.some((change) => change.path === path && change.kind !== 'deleted')) return index;
  }
  return 0;
}
