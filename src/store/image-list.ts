/**
 * The images of a store as rows, and the history of one: what `images` and `history` print.
 */
import { UserError } from '../base/user-error.ts';
import { asBroken } from './durable.ts';
import type { HistoryEntry } from './image-config.ts';
import type { Image } from './image-db.ts';
import type { ImageId } from './ids.ts';
import { namesOf } from './resolve-image.ts';
import type { Store } from './store.ts';

export interface ImageRow {
  readonly id: ImageId;
  /** `NAME:TAG`; undefined for an image without a name. */
  readonly reference: string | undefined;
  readonly created: string | undefined;
  /** Bytes in the regular files of all its layers; undefined where a file is damaged. */
  readonly size: number | undefined;
  readonly labels: Readonly<Record<string, string>>;
}

export interface ImageList {
  /** A row for each name, and one for each image without any; the newest first. */
  readonly rows: readonly ImageRow[];
  /** What is damaged of images; UserError `broken-file`. */
  readonly faults: readonly UserError[];
}

export function listImages(store: Store): Promise<ImageList> {
  return store.lock.shared(async () => {
    const names = await store.names.list();
    const rows: ImageRow[] = [];
    const faults: UserError[] = [];
    for (const [id, image] of await store.images.all()) {
      const size = image instanceof UserError ? image : await imageSize(store, image).catch(asBroken);
      if (size instanceof UserError) faults.push(size);
      const { created, config } = image instanceof UserError ? {} : image.config;
      const row = {
        ...{ id, created, size: size instanceof UserError ? undefined : size },
        labels: config?.Labels ?? {},
      };
      const own = namesOf(names, id);
      if (own.length === 0) rows.push({ ...row, reference: undefined });
      for (const reference of own) rows.push({ ...row, reference });
    }
    return { rows: rows.sort((a, b) => ((a.created ?? '') > (b.created ?? '') ? -1 : 1)), faults };
  });
}

export async function imageSize(store: Store, image: Image): Promise<number> {
  let size = 0;
  for (const chainId of image.chain) size += (await store.layers.getLayer(chainId)).size;
  return size;
}

export interface HistoryRow extends Pick<HistoryEntry, 'created' | 'comment'> {
  readonly createdBy: string;
  /** Bytes in the regular files of its layer; 0 for an instruction that made none. */
  readonly size: number;
  /** Of the layer; undefined for an instruction that made none. */
  readonly diffId: string | undefined;
}

/** A row for each instruction, the last one first; layers of which the history does not tell have one, too. */
export async function imageHistory(store: Store, image: Image): Promise<HistoryRow[]> {
  const layers = await Promise.all(image.chain.map((chainId) => store.layers.getLayer(chainId)));
  const rows: HistoryRow[] = [];
  const row = (entry: HistoryEntry | undefined): HistoryRow => {
    const layer = entry?.empty_layer === true ? undefined : layers.shift();
    return {
      created: entry?.created,
      comment: entry?.comment,
      createdBy: entry?.created_by ?? '',
      size: layer?.size ?? 0,
      diffId: layer?.diffId,
    };
  };
  for (const entry of image.config.history ?? []) rows.push(row(entry));
  while (layers.length > 0) rows.push(row(undefined));
  return rows.reverse();
}
