/**
 * The layers that go with images. As a rule those of the images that nothing else refers to; where a file is damaged that would
 * have told which those are, all that nothing refers to: so a damaged root becomes whole by `rmi`, and its images can come anew.
 */
import { UserError } from '../base/user-error.ts';
import { isBroken } from './durable.ts';
import type { CacheId, ChainId, ImageId } from './ids.ts';
import type { Layer } from './layer-db.ts';
import { findUnreferenced, readReferences, type References } from './references.ts';
import type { Store } from './store.ts';

export interface DoomedImage {
  readonly id: ImageId;
  /** Undefined where its file is damaged. */
  readonly chain: readonly ChainId[] | undefined;
}

export interface Doomed {
  /** An upper one before what lies below it, with the bytes in its regular files: 0 where that cannot be told. */
  readonly layers: ReadonlyMap<ChainId, number>;
  /** What the driver has of them. */
  readonly directories: readonly CacheId[];
  /** Why there may be others; UserError `layers-kept`. */
  readonly fault: UserError | undefined;
}

/** For the holder of the root's lock alone. */
export async function findDoomed(store: Store, images: readonly DoomedImage[]): Promise<Doomed> {
  // Before the references: who makes a directory writes that down first.
  const directories = await store.driver.list();
  let references: References;
  try {
    references = await readReferences(store, new Set(images.map(({ id }) => id)));
  } catch (thrown) {
    if (!isBroken(thrown)) throw thrown;
    return { layers: new Map(), directories: [], fault: layersKept(thrown) };
  }
  const { all, layers: needed, fault } = references;
  const chain = [...new Set(images.flatMap((image) => image.chain ?? []).reverse())];
  const isKnown =
    images.every((image) => image.chain !== undefined) && chain.every((id) => isWhole(all.get(id)));
  const takesAll = !isKnown && fault === undefined;
  const layers = new Map<ChainId, number>();
  const caches = new Set(takesAll ? await findUnreferenced(store, directories, references) : []);
  for (const chainId of takesAll ? [...chain, ...all.keys()] : chain) {
    const layer = all.get(chainId);
    if (layer === undefined || needed.has(chainId)) continue;
    layers.set(chainId, isWhole(layer) ? layer.size : 0);
    if (isWhole(layer)) caches.add(layer.cacheId);
  }
  return {
    layers,
    directories: [...caches],
    fault: isKnown || fault === undefined ? undefined : layersKept(fault),
  };
}

function isWhole(layer: Layer | UserError | undefined): layer is Layer {
  return layer !== undefined && !(layer instanceof UserError);
}

function layersKept({ message, hint }: UserError): UserError {
  return new UserError('layers-kept', `layers that nothing may need are kept, since ${message}`, {
    ...(hint === undefined ? {} : { hint }),
  });
}
