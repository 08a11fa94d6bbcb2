/**
 * Which image somebody means: a name with a tag (`latest` unless given), a digest, or the beginning of an id. For a
 * holder of the root's lock.
 */
import { UserError } from '../base/user-error.ts';
import { findByPrefix, isIdPrefix, type ImageId } from './ids.ts';
import type { Image } from './image-db.ts';
import { parseReference, referenceText, withDefaultTag } from './reference.ts';
import type { NamedImage } from './repositories.ts';
import type { Store } from './store.ts';

export interface ResolvedId {
  readonly id: ImageId;
  /** The name by which it was found; undefined where it was by its id. */
  readonly reference: string | undefined;
}

export interface ResolvedImage {
  readonly image: Image;
  readonly reference: string | undefined;
}

/** UserError `no-such-image`, `ambiguous-id`, `bad-name`, `broken-file`. */
export async function resolveImage(store: Store, text: string): Promise<ResolvedImage> {
  const { id, reference } = await resolveImageId(store, text);
  const image = await store.images.findImage(id);
  if (image === undefined) {
    throw new UserError('no-such-image', `${text} names the image ${id}, which is not there`, {
      hint: `take the name away: strata rmi ${text}`,
    });
  }
  return { image, reference };
}

/** The same without a look at the image, which may be damaged, or not there at all. */
export async function resolveImageId(store: Store, text: string): Promise<ResolvedId> {
  const names = await store.names.list();
  const byName = findByName(names, text);
  const id =
    byName?.image ?? (isIdPrefix(text) ? findByPrefix(await store.images.imageIds(), text) : undefined);
  if (id === undefined) throw noSuchImage(text, names);
  return { id, reference: byName?.reference };
}

/** UserError `bad-name` where it can be neither a name nor an id. */
export function findByName(names: readonly NamedImage[], text: string): NamedImage | undefined {
  // Whole ids are no names, and what follows `sha256:` no tag.
  if (/^sha256:[0-9a-f]+$/.test(text) || /^[0-9a-f]{64}$/.test(text)) return undefined;
  const wanted = referenceText(withDefaultTag(parseReference(text)));
  return names.find(({ reference }) => reference === wanted);
}

function noSuchImage(text: string, names: readonly NamedImage[]): UserError {
  const name = text.startsWith('sha256:') ? undefined : parseReference(text).name;
  const tags = names.filter((entry) => entry.name === name).map(({ reference }) => reference);
  return new UserError('no-such-image', `there is no image ${text}`, {
    hint:
      tags.length > 0
        ? `there is ${tags.slice(0, 5).join(', ')}`
        : 'strata images lists those that there are',
  });
}

/** The names of an image, sorted. */
export function namesOf(names: readonly NamedImage[], id: ImageId): string[] {
  return names.filter(({ image }) => image === id).map(({ reference }) => reference);
}
