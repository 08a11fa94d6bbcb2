/**
 * The images of a data root: a file with the configuration of each, named by its digest, and beside it what is known
 * of the image on this machine alone. An image is there when its configuration is.
 */
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { UserError } from '../base/user-error.ts';
import type { Digest } from '../oci/digest.ts';
import type { DataRoot } from './data-root.ts';
import { asBroken, brokenFile, isErrno, namesIn, parseJson, syncDirectory, writeDurably } from './durable.ts';
import { chainOf, hexOf, textDigest, type ChainId, type ImageId } from './ids.ts';
import { imageConfigSchema, type ImageConfig } from './image-config.ts';

export interface Image {
  readonly id: ImageId;
  /** The bytes of the configuration, in UTF-8. */
  readonly text: string;
  readonly config: ImageConfig;
  /** Of its layers, from the bottom. */
  readonly chain: readonly ChainId[];
}

export class ImageDb {
  readonly #root: DataRoot;

  constructor(root: DataRoot) {
    this.#root = root;
  }

  async imageIds(): Promise<ImageId[]> {
    const names = await namesIn(this.#root.imageDb('content', 'sha256'));
    return names.filter((name) => /^[0-9a-f]{64}$/.test(name)).map((name) => `sha256:${name}` as ImageId);
  }

  /** Undefined where there is none. UserError `broken-file` where it is damaged. */
  async findImage(id: ImageId): Promise<Image | undefined> {
    const path = this.pathOf(id);
    let text: string;
    try {
      text = await readFile(path, 'utf8');
    } catch (thrown) {
      if (isErrno(thrown, 'ENOENT')) return undefined;
      throw thrown;
    }
    if (textDigest(text) !== id) throw brokenFile(path, 'its digest is another one than its name');
    const config = parseJson(text, imageConfigSchema, path);
    return { id, text, config, chain: chainOf(config.rootfs.diff_ids as Digest[]) };
  }

  /** Every image; UserError `broken-file` in the place of one that is damaged. */
  async all(): Promise<Map<ImageId, Image | UserError>> {
    const found = new Map<ImageId, Image | UserError>();
    for (const id of await this.imageIds()) {
      const image = await this.findImage(id).catch(asBroken);
      if (image !== undefined) found.set(id, image);
    }
    return found;
  }

  /** UserError `broken-file`. */
  async images(): Promise<Image[]> {
    const images: Image[] = [];
    for (const id of await this.imageIds()) {
      const image = await this.findImage(id);
      if (image !== undefined) images.push(image);
    }
    return images;
  }

  /** Adds an image, whose layers must be there; nothing happens where it is there already. */
  async add(text: string): Promise<ImageId> {
    const id = textDigest(text) as ImageId;
    const metadata = this.metadataOf(id);
    await mkdir(metadata, { recursive: true, mode: 0o700 });
    await writeDurably(join(metadata, 'lastUpdated'), new Date().toISOString());
    await writeDurably(this.pathOf(id), text);
    return id;
  }

  /** Takes an image away; its layers stay. */
  async remove(id: ImageId): Promise<void> {
    await rm(this.pathOf(id), { force: true });
    await syncDirectory(this.#root.imageDb('content', 'sha256'));
    await rm(this.metadataOf(id), { recursive: true, force: true });
  }

  pathOf(id: ImageId): string {
    return this.#root.imageDb('content', 'sha256', hexOf(id));
  }

  metadataOf(id: ImageId): string {
    return this.#root.imageDb('metadata', 'sha256', hexOf(id));
  }
}
