/**
 * What a storage driver does: it keeps layers, each the changes over its parent, and shows a layer as a directory
 * tree. Its words:
 *
 * - A layer is made by `create`, filled once by `applyDiff`, and never changes again. One made by
 *   `createReadWrite` is changed through what `get` shows, by containers.
 * - `get` shows the whole tree of a layer, `put` says that it is not needed any more; who gets twice puts twice. What a
 *   dead process has got, `cleanup` puts.
 * - `diff` writes the changes as a layer tar, `changes` lists them, `diffSize` sums them up.
 *
 * A driver knows neither images nor names, and asks no lock of the data root: its callers see to it that a layer
 * that is being made or removed is nobody else's.
 */
import type { LayerTarResult } from '../oci/layer-writer.ts';
import type { CacheId } from './ids.ts';

export const driverNames = ['strata', 'overlay2', 'btrfs', 'vfs'] as const;
export type DriverName = (typeof driverNames)[number];

export interface LayerChange {
  /** From the root of the tree, without a slash in front; latin1, one character a byte. */
  readonly path: string;
  /** What it is towards the layers below: a deleted directory stands for all that was in it. */
  readonly kind: 'added' | 'modified' | 'deleted';
  /** st_mode; of a deleted one, what it was. */
  readonly mode: number;
  /** Bytes of a regular file, 0 of everything else. */
  readonly size: number;
}

export interface GetOptions {
  /** It stays until it is put, also when this process has ended. */
  readonly kept?: boolean;
  /** What it is for, as listings show it. */
  readonly title?: string;
}

export interface StorageDriver {
  readonly name: DriverName;
  /** Makes an empty layer over `parent`. ENOSPC and the like leave something that `remove` takes away. */
  create(id: CacheId, parent: CacheId | undefined): Promise<void>;
  /** Makes a layer over `parent` that is meant to be written through `get`. */
  createReadWrite(id: CacheId, parent: CacheId | undefined): Promise<void>;
  /**
   * The path of a directory that shows the layer's tree; read-only for one that was filled by `applyDiff`,
   * unless the driver cannot do that.
   */
  get(id: CacheId, options?: GetOptions): Promise<string>;
  /** Nothing happens to one that was not got. UserError `layer-in-use` while programs use it. */
  put(id: CacheId): Promise<void>;
  /** Writes the tar of the changes over `parent`. UserError `layer-in-use` for one that is being written. */
  diff(
    id: CacheId,
    parent: CacheId | undefined,
    sink: (chunk: Buffer) => Promise<void> | void,
  ): Promise<LayerTarResult>;
  /** In the order of their paths, a directory before what is in it. */
  changes(id: CacheId, parent: CacheId | undefined): Promise<LayerChange[]>;
  /** Fills a layer from a layer tar that is not compressed, once. */
  applyDiff(
    id: CacheId,
    parent: CacheId | undefined,
    source: AsyncIterable<Uint8Array>,
  ): Promise<LayerTarResult>;
  /** Bytes in the regular files that `changes` names. */
  diffSize(id: CacheId, parent: CacheId | undefined): Promise<number>;
  /** Facts for `strata info`. */
  status(): Promise<Readonly<Record<string, string>>>;
  /** Takes a layer away with all that is in it; nothing happens where there is none. UserError `layer-in-use`. */
  remove(id: CacheId): Promise<void>;
  /** Takes down what nobody holds any more. */
  cleanup(): Promise<void>;

  /** Directories, from the top, that show the layer when they are stacked. */
  lowers(id: CacheId): Promise<string[]>;
  /** Every layer that takes up space, also one that nothing refers to. */
  list(): Promise<CacheId[]>;
  /** Whether the content of a layer is there, sound or not. */
  holds(id: CacheId): boolean;
  /** Where everything of a layer lies. */
  directoryOf(id: CacheId): string;
  /** Directories of a layer, by Docker's names (`LowerDir`, `UpperDir`, ...); empty where there is nothing to tell. */
  metadata(id: CacheId): Promise<Readonly<Record<string, string>>>;
}
