/**
 * What is known of each layer, apart from its content: a directory per chain id with the files `diff`, `size`,
 * `cache-id`, `parent` (absent at the bottom), and, where the tar that we would write of it is another one than
 * the one it came in, `content` with the digest of ours. It appears by one rename, whole, and is never
 * changed afterwards.
 */
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { UserError } from '../base/user-error.ts';
import { asDigest, type Digest } from '../oci/digest.ts';
import type { DataRoot } from './data-root.ts';
import { asBroken, brokenFile, findLine, isErrno, namesIn, syncDirectory, writeDurably } from './durable.ts';
import { chainIdOf, hexOf, isCacheId, type CacheId, type ChainId } from './ids.ts';

export interface Layer {
  readonly chainId: ChainId;
  /** Of its uncompressed tar. */
  readonly diffId: Digest;
  readonly parent: ChainId | undefined;
  readonly cacheId: CacheId;
  /** Bytes in its regular files. */
  readonly size: number;
  /** Of the tar that `driver.diff` writes. */
  readonly content: Digest;
}

export class LayerDb {
  readonly #root: DataRoot;

  constructor(root: DataRoot) {
    this.#root = root;
  }

  /** Undefined where there is none. UserError `broken-file` where it is damaged. */
  async findLayer(chainId: ChainId): Promise<Layer | undefined> {
    const directory = this.pathOf(chainId);
    const diff = await findLine(join(directory, 'diff'));
    if (diff === undefined && !(await this.#isThere(chainId))) return undefined;
    const diffId = digestIn(join(directory, 'diff'), diff);
    const parentText = await findLine(join(directory, 'parent'));
    const parent =
      parentText === undefined ? undefined : (digestIn(join(directory, 'parent'), parentText) as ChainId);
    const content = await findLine(join(directory, 'content'));
    const cacheId = (await findLine(join(directory, 'cache-id'))) ?? '';
    const size = (await findLine(join(directory, 'size'))) ?? '';
    if (!isCacheId(cacheId)) throw brokenFile(join(directory, 'cache-id'), 'it holds no cache id');
    if (!/^\d+$/.test(size)) throw brokenFile(join(directory, 'size'), 'it holds no number');
    if (chainIdOf(parent, diffId) !== chainId) {
      throw brokenFile(directory, 'its diff and parent belong to another chain id');
    }
    return {
      chainId,
      diffId,
      parent,
      cacheId,
      size: Number(size),
      content: content === undefined ? diffId : digestIn(join(directory, 'content'), content),
    };
  }

  /** UserError `broken-file` where it is not there, since something refers to it. */
  async getLayer(chainId: ChainId): Promise<Layer> {
    const layer = await this.findLayer(chainId);
    if (layer === undefined) throw brokenFile(this.pathOf(chainId), 'it is missing');
    return layer;
  }

  /** Every layer that is there; in the place of one that is damaged the UserError `broken-file` that says so. */
  async all(): Promise<Map<ChainId, Layer | UserError>> {
    const found = new Map<ChainId, Layer | UserError>();
    for (const chainId of await this.chainIds()) {
      found.set(chainId, await this.getLayer(chainId).catch(asBroken));
    }
    return found;
  }

  /** The layer and all below it, from the bottom. */
  async chain(chainId: ChainId): Promise<Layer[]> {
    const layers: Layer[] = [];
    for (let next: ChainId | undefined = chainId; next !== undefined;) {
      const layer: Layer = await this.getLayer(next);
      layers.push(layer);
      next = layer.parent;
    }
    return layers.reverse();
  }

  async chainIds(): Promise<ChainId[]> {
    const names = await namesIn(this.#directory);
    return names.filter((name) => /^[0-9a-f]{64}$/.test(name)).map((name) => `sha256:${name}` as ChainId);
  }

  pathOf(chainId: ChainId): string {
    return join(this.#directory, hexOf(chainId));
  }

  /** Writes the files of a layer into a new directory, from which `publish` takes it. */
  async stage(directory: string, layer: Omit<Layer, 'chainId'>): Promise<void> {
    await mkdir(directory, { mode: 0o700, recursive: true });
    await writeDurably(join(directory, 'diff'), layer.diffId);
    await writeDurably(join(directory, 'size'), String(layer.size));
    await writeDurably(join(directory, 'cache-id'), layer.cacheId);
    if (layer.parent !== undefined) await writeDurably(join(directory, 'parent'), layer.parent);
    if (layer.content !== layer.diffId) await writeDurably(join(directory, 'content'), layer.content);
  }

  /**
   * Makes a staged layer one that others may refer to. False where that chain id is there already: the rename
   * decides between two who publish the same, and the staged directory stays for its maker to remove.
   */
  async publish(staged: string, chainId: ChainId): Promise<boolean> {
    try {
      await rename(staged, this.pathOf(chainId));
    } catch (thrown) {
      if (isErrno(thrown, 'ENOTEMPTY', 'EEXIST')) return false;
      throw thrown;
    }
    await syncDirectory(this.#directory);
    return true;
  }

  /** Takes a layer away, in one step; nothing happens where there is none. What its driver keeps is not touched. */
  async remove(chainId: ChainId): Promise<void> {
    const doomed = this.#root.layerDb('tmp', `removed-${hexOf(chainId)}`);
    // Of an earlier removal that a crash has cut short.
    await rm(doomed, { recursive: true, force: true });
    try {
      await rename(this.pathOf(chainId), doomed);
    } catch (thrown) {
      if (isErrno(thrown, 'ENOENT')) return;
      throw thrown;
    }
    await syncDirectory(this.#directory);
    await rm(doomed, { recursive: true, force: true });
  }

  get #directory(): string {
    return this.#root.layerDb('sha256');
  }

  async #isThere(chainId: ChainId): Promise<boolean> {
    return (await namesIn(this.#directory)).includes(hexOf(chainId));
  }
}

function digestIn(path: string, text: string | undefined): Digest {
  try {
    return asDigest(text ?? '');
  } catch (cause) {
    throw brokenFile(path, 'it holds no digest', cause);
  }
}
