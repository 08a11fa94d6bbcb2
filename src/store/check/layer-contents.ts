/**
 * What the layers hold, against what is known of them. To read it all takes as long as reading the whole data root, so it is read
 * while nobody is kept waiting, and judged with the lock of the root, by when a layer may have gone.
 */
import { join } from 'node:path';
import { nameToText } from '../../base/name.ts';
import { readChangeSet } from '../../layer/change-set.ts';
import { overlayNames } from '../../layer/xattr-names.ts';
import type { LayerTarResult } from '../../oci/layer-writer.ts';
import { mark } from '../../os/host-fs.ts';
import { OverlayDirs } from '../drivers/overlay-dirs.ts';
import { writeDurably } from '../durable.ts';
import type { CacheId, ChainId } from '../ids.ts';
import type { Layer } from '../layer-db.ts';
import type { Store } from '../store.ts';
import { createToolFs, withDirectories } from '../tool-fs.ts';
import type { Finding } from './finding.ts';

interface Content {
  readonly cacheId: CacheId;
  /** That of its tar, written anew to nowhere; in its place what keeps a layer from being read. */
  readonly found: LayerTarResult | Error | Marks;
}

/** What a layer holds that only an upper may. */
interface Marks {
  readonly marks: string;
}

export class LayerContents {
  readonly #store: Store;
  /** Undefined where layers have another format. */
  readonly #dirs: OverlayDirs | undefined;
  readonly #contents = new Map<ChainId, Content>();

  constructor(store: Store) {
    this.#store = store;
    this.#dirs = store.root.format === 'overlay2' ? new OverlayDirs(store.root) : undefined;
  }

  /** Reads those that were not read yet. Without a lock: what is changed or removed meanwhile is not judged. */
  async read(layers: ReadonlyMap<ChainId, Layer>): Promise<void> {
    for (const { chainId, cacheId, parent } of layers.values()) {
      if (this.#contents.get(chainId)?.cacheId === cacheId) continue;
      const below = parent === undefined ? undefined : layers.get(parent);
      if (parent !== undefined && below === undefined) continue;
      // What is not known to be done could be settled, that is written, when it is read.
      if (this.#dirs !== undefined && !(await this.#dirs.isCommitted(cacheId))) continue;
      const found = await this.#read(cacheId, below?.cacheId).catch(asError);
      this.#contents.set(chainId, { cacheId, found });
    }
  }

  /** For a holder of the root's lock, with the layers that are there now. */
  judge(layers: ReadonlyMap<ChainId, Layer>): Finding[] {
    const findings: Finding[] = [];
    for (const layer of layers.values()) {
      const content = this.#contents.get(layer.chainId);
      if (content?.cacheId !== layer.cacheId) continue;
      const finding = this.#judge(layer, content.found);
      if (finding !== undefined) findings.push(finding);
    }
    return findings;
  }

  async #read(cacheId: CacheId, below: CacheId | undefined): Promise<LayerTarResult | Marks> {
    const marks = this.#dirs === undefined ? undefined : await findMarks(this.#dirs.diff(cacheId));
    if (marks !== undefined) return { marks };
    return this.#store.driver.diff(cacheId, below, () => undefined);
  }

  #judge({ chainId, cacheId, content, size }: Layer, found: Content['found']): Finding | undefined {
    const path = this.#store.driver.directoryOf(cacheId);
    if ('marks' in found) return { code: 'layer-marks', path, message: found.marks };
    if (found instanceof Error) {
      return { code: 'layer-content', path, message: `it cannot be read: ${found.message}` };
    }
    if (found.diffId !== content) {
      return { code: 'layer-content', path, message: `it is not the layer ${chainId} any more` };
    }
    if (found.size === size) return undefined;
    const file = join(this.#store.layers.pathOf(chainId), 'size');
    const mend = (): Promise<void> => writeDurably(file, String(found.size));
    return { code: 'layer-size', path: file, message: `it should be ${String(found.size)}`, mend };
  }
}

/** Undefined where a layer holds nothing of that kind. */
function findMarks(diff: string): Promise<string | undefined> {
  const fs = createToolFs();
  const names = overlayNames(false);
  const forbidden = mark.redirect | mark.metacopy | mark.impure | mark.origin | mark.nlink;
  return withDirectories(fs, [diff], ([upper]) => {
    if (upper === undefined) return undefined;
    for (const { path, kind } of readChangeSet(fs, upper, names)) {
      if (kind !== 'deleted' && (fs.overlayMarks(upper, path, names.prefix) & forbidden) !== 0) {
        return `${nameToText(path)} has marks of a mount`;
      }
    }
    return undefined;
  });
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
