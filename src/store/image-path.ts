/**
 * A file in an image, as it is written on the command line: `IMAGE:PATH`, and `IMAGE:PATH@LAYER` for what the image
 * showed there when that layer was its last. PATH begins with a slash, which tells it from a tag.
 */
import { nameFromText } from '../base/name.ts';
import { UserError } from '../base/user-error.ts';
import { chainOf, findByPrefix, type ChainId } from './ids.ts';
import type { Digest } from '../oci/digest.ts';
import type { Image } from './image-db.ts';
import { resolveImage } from './resolve-image.ts';
import type { Store } from './store.ts';

export interface ImagePath {
  readonly image: Image;
  /** Latin1, without a slash in front. */
  readonly path: string;
  /** Position of the layer that is the last; undefined for an image without layers. */
  readonly layer: ChainId | undefined;
}

/** Undefined for a word that has no `:/` in it. */
export function splitImagePath(
  word: string,
): { readonly image: string; readonly path: string; readonly layer: string | undefined } | undefined {
  const match = /^(?<image>[^/][^@]*?):(?<path>\/.*?)(?:@(?<layer>(?:sha256:)?[0-9a-f]+))?$/s.exec(word);
  const { image, path, layer } = match?.groups ?? {};
  return image === undefined || path === undefined ? undefined : { image, path, layer };
}

/** UserError `bad-image-path`, `no-such-layer`, and those of `resolveImage`. For a holder of the root's lock. */
export async function resolveImagePath(store: Store, word: string): Promise<ImagePath> {
  const split = splitImagePath(word);
  if (split === undefined) {
    throw new UserError('bad-image-path', `${word} names no file of an image`, {
      hint: 'write IMAGE:/PATH, or IMAGE:/PATH@LAYER',
    });
  }
  const { image } = await resolveImage(store, split.image);
  const path = nameFromText(split.path.replace(/^\/+/, ''));
  return {
    image,
    path,
    layer: split.layer === undefined ? image.chain.at(-1) : findLayer(image, split.layer),
  };
}

/** By its number from the bottom, 1 first, or by the beginning of its diff id or chain id. */
function findLayer(image: Image, text: string): ChainId {
  const numbered = /^\d{1,3}$/.test(text) ? image.chain[Number(text) - 1] : undefined;
  if (numbered !== undefined) return numbered;
  const diffIds = image.config.rootfs.diff_ids as Digest[];
  const byDiff = findByPrefix(new Set(diffIds), text);
  const index = byDiff === undefined ? -1 : diffIds.lastIndexOf(byDiff);
  const found = index >= 0 ? chainOf(diffIds)[index] : findByPrefix(image.chain, text);
  if (found !== undefined) return found;
  throw new UserError('no-such-layer', `the image has no layer ${text}`, {
    hint: `it has ${String(image.chain.length)}; strata layers IMAGE lists them, and @1 is the lowest`,
  });
}
