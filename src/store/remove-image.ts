/**
 * `strata rmi` and `strata image prune`: names go, then images without a name, then layers that nobody refers to. What
 * they held is deleted last, outside of the lock: others wait for moments only, and after a crash the next
 * command goes on.
 */
import { UserError } from '../base/user-error.ts';
import { findDoomed, type DoomedImage } from './doomed-layers.ts';
import { asBroken, findLine, namesIn } from './durable.ts';
import { hexOf, shortId, type ImageId } from './ids.ts';
import type { Image } from './image-db.ts';
import { isThere, type MountRecord, type NamedRecord } from './mount-book.ts';
import { onceEnded } from './mount-end.ts';
import { findByName, namesOf, resolveImageId } from './resolve-image.ts';
import type { Store } from './store.ts';
import { Workspace } from './workspace.ts';

export interface Removal {
  readonly untagged: readonly string[];
  /** Images and layers. */
  readonly deleted: readonly string[];
  /** Bytes in the regular files of the layers that are gone. */
  readonly reclaimed: number;
  /** Why layers that nothing may need are still there; UserError `layers-kept`. */
  readonly fault: UserError | undefined;
}

/** Tells which image a container is made of, `sha256:...`, by the id of the container; undefined where it does not tell. */
export type ImageOf = (container: string) => Promise<string | undefined>;

export interface RemoveImageOptions {
  /** Also an image with several names, given by its id. */
  readonly force: boolean;
  readonly imageOf: ImageOf;
}

/** What is gone when a name is. */
const nothingElse = { deleted: [], reclaimed: 0, fault: undefined };

/** How long a mount that others have taken off is given to end. */
const foreignMs = 1000;

/**
 * Takes away a name, and with the last name the image; given an id, the image with its name. Of mounts that are off the tree the
 * ends are waited for. UserError `no-such-image`, `image-in-use`, `layer-in-use`, and `several-names` unless `force`.
 */
export async function removeImage(store: Store, text: string, options: RemoveImageOptions): Promise<Removal> {
  for (;;) {
    const outcome = await tryRemoveImage(store, text, options);
    if (!('ending' in outcome)) return outcome;
    // Not with the root's lock, for which everybody else would wait, too.
    await onceEnded(store.mounts, outcome.ending, () => Promise.resolve(), { waitMs: foreignMs });
  }
}

/** The same, or the name of a mount that has the image, and may be ending. */
function tryRemoveImage(
  store: Store,
  text: string,
  { force, imageOf }: RemoveImageOptions,
): Promise<Removal | { readonly ending: string }> {
  return Workspace.use(store, (workspace) =>
    store.lock.exclusive(async () => {
      const dangling = await danglingName(store, text);
      if (dangling !== undefined) {
        await store.names.remove([dangling]);
        return { untagged: [dangling], ...nothingElse };
      }
      const { id, reference } = await resolveImageId(store, text);
      const own = namesOf(await store.names.list(), id);
      if (reference !== undefined && own.length > 1) {
        await store.names.remove([reference]);
        return { untagged: [reference], ...nothingElse };
      }
      if (reference === undefined && own.length > 1 && !force) {
        throw new UserError('several-names', `the image ${text} has several names: ${own.join(', ')}`, {
          hint: `remove one of them by its name, or all with the image: strata rmi -f ${text}`,
        });
      }
      // One that is damaged can be removed all the same.
      const image = await store.images.findImage(id).catch(asBroken);
      const chain = image instanceof UserError ? undefined : image?.chain;
      const ending = await checkUnused(store, { id, chain: chain ?? [] }, imageOf);
      if (ending !== undefined) return { ending };
      return removeImages(store, workspace, [{ id, chain }]);
    }),
  );
}

/** A name that points to an image that is not there. */
async function danglingName(store: Store, text: string): Promise<string | undefined> {
  const found = findByName(await store.names.list(), text);
  if (found === undefined) return undefined;
  return (await store.images.imageIds()).includes(found.image) ? undefined : found.reference;
}

export interface PruneOptions {
  readonly all: boolean;
  readonly imageOf: ImageOf;
  /** Which images may go; any unless told. */
  readonly accepts?: (image: Image) => boolean;
}

/** Removes images without a name, or with `all` every image that nothing uses. */
export function pruneImages(store: Store, { all, accepts, imageOf }: PruneOptions): Promise<Removal> {
  return Workspace.use(store, (workspace) =>
    store.lock.exclusive(async () => {
      const names = await store.names.list();
      const doomed: Image[] = [];
      for (const image of (await store.images.all()).values()) {
        // Whether it may go cannot be told.
        if (image instanceof UserError) continue;
        if (!all && namesOf(names, image.id).length > 0) continue;
        if (accepts?.(image) === false) continue;
        const isUsed =
          ((await findContainer(store, image, imageOf)) ?? (await findUser(store, image))) !== undefined;
        if (!isUsed) doomed.push(image);
      }
      return removeImages(store, workspace, doomed);
    }),
  );
}

/** For the holder of the root's lock. */
async function removeImages(
  store: Store,
  workspace: Workspace,
  images: readonly DoomedImage[],
): Promise<Removal> {
  const ids = new Set<ImageId>(images.map(({ id }) => id));
  // Before anything is gone: what is damaged may be found only here.
  const doomed = await findDoomed(store, images);
  const untagged = (await store.names.list())
    .filter(({ image }) => ids.has(image))
    .map(({ reference }) => reference);
  if (untagged.length > 0) await store.names.remove(untagged);
  for (const id of ids) await store.images.remove(id);
  const deleted: string[] = [...ids];
  let reclaimed = 0;
  for (const cacheId of doomed.directories) await workspace.doom(cacheId);
  for (const [chainId, size] of doomed.layers) {
    await store.layers.remove(chainId);
    reclaimed += size;
    deleted.push(chainId);
  }
  return { untagged, deleted, reclaimed, fault: doomed.fault };
}

/** UserError `image-in-use`; answers the name of a mount that is off the tree, and has the image until it has ended. */
async function checkUnused(
  store: Store,
  image: Pick<Image, 'id' | 'chain'>,
  imageOf: ImageOf,
): Promise<string | undefined> {
  const container = await findContainer(store, image, imageOf);
  if (container !== undefined) {
    throw new UserError(
      'image-in-use',
      `the container ${shortId(container)} is made of the image ${shortId(image.id)}`,
      {
        hint: `remove it first: strata rm ${shortId(container)}`,
      },
    );
  }
  const user = await findUser(store, image);
  if (user === undefined) return undefined;
  const found = await store.mounts.findPlace(user.name, user);
  if (found === undefined && !isThere(user)) return user.name;
  const place = found ?? user.target;
  throw new UserError('image-in-use', `the image ${shortId(image.id)} is mounted at ${place}`, {
    hint: `unmount it first: strata umount ${place}`,
  });
}

/**
 * A container that is made of it, running or not. Of one that does not tell it is known which layers it takes, which another image
 * may have as well.
 */
async function findContainer(
  store: Store,
  { id: imageId, chain }: Pick<Image, 'id' | 'chain'>,
  imageOf: ImageOf,
): Promise<string | undefined> {
  const top = chain.at(-1);
  for (const id of await namesIn(store.root.layerDb('mounts'))) {
    const told = await imageOf(id);
    const isOfIt =
      told === undefined
        ? top !== undefined && (await findLine(store.root.layerDb('mounts', id, 'parent'))) === top
        : told === imageId;
    if (isOfIt) return id;
  }
  return undefined;
}

/** A mount of it, not counting those of containers. An image of which the topmost layer is damaged has none. */
async function findUser(store: Store, image: Pick<Image, 'chain'>): Promise<NamedRecord | undefined> {
  const top = image.chain.at(-1);
  if (top === undefined) return undefined;
  const layer = await store.layers.getLayer(top).catch(asBroken);
  if (layer instanceof UserError) return undefined;
  const ofContainers = await containerLayers(store);
  const isUse = ({ layers }: MountRecord): boolean =>
    layers.includes(layer.cacheId) && !layers.some((id) => ofContainers.has(id));
  for (const record of await store.mounts.list())
    if (isUse(record) && (await store.mounts.isUsed(record.name, record))) return record;
  return undefined;
}

/** The layers of containers' own. */
async function containerLayers(store: Store): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  for (const id of await namesIn(store.root.layerDb('mounts'))) {
    for (const file of ['mount-id', 'init-id'])
      found.add((await findLine(store.root.layerDb('mounts', id, file))) ?? '');
  }
  return found;
}

/** As `docker rmi` prints them. */
export function removalLines({ untagged, deleted }: Removal): string[] {
  return [
    ...untagged.map((name) => `Untagged: ${name}`),
    ...deleted.map((id) => `Deleted: sha256:${hexOf(id as ImageId)}`),
  ];
}
