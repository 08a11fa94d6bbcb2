/**
 * The store of a data root as a build needs it: a workspace that keeps what the build has been given, and writable
 * layers that become layers by way of their tar, as those of a container do.
 */
import { chmodSync, mkdirSync, mkdtempSync } from 'node:fs';
import { join, posix } from 'node:path';
import { asName, nameFromText } from '../base/name.ts';
import { UserError } from '../base/user-error.ts';
import { AT_FDCWD } from '../os/constants.ts';
import type { HostFs } from '../os/host-fs.ts';
import { InRoot } from '../os/in-root.ts';
import type { Fd } from '../base/ids.ts';
import type { Digest } from '../oci/digest.ts';
import type { LayerChange } from '../store/driver.ts';
import { chainOf, newCacheId, type CacheId, type ChainId } from '../store/ids.ts';
import { tellingNoSpace } from '../store/no-space.ts';
import { parseNewName } from '../store/reference.ts';
import { resolveImage } from '../store/resolve-image.ts';
import type { Store } from '../store/store.ts';
import { tarStream } from '../store/tar-stream.ts';
import { Workspace } from '../store/workspace.ts';
import type { BuildStore, Chain, ChangeRequest, LayerFacts, StoredImage, Stub } from './build-store.ts';
import { openTargetDirectory } from './execute/target-directory.ts';

/** Runs `act` with the store as a build needs it; everything unfinished goes with it. */
export function withBuildStore<T>(
  store: Store,
  fs: HostFs,
  act: (build: BuildStore) => Promise<T>,
): Promise<T> {
  return Workspace.use(store, async (workspace) =>
    act(new StoreBench(store, fs, workspace, await workspace.makeScratch())),
  );
}

class StoreBench implements BuildStore {
  readonly cacheDirectory: string;
  readonly scratch: string;
  readonly #store: Store;
  readonly #fs: HostFs;
  readonly #workspace: Workspace;

  constructor(store: Store, fs: HostFs, workspace: Workspace, scratch: string) {
    this.#store = store;
    this.#fs = fs;
    this.#workspace = workspace;
    this.scratch = scratch;
    this.cacheDirectory = store.root.buildCache;
    mkdirSync(this.cacheDirectory, { recursive: true, mode: 0o700 });
  }

  findImage(name: string): Promise<StoredImage | undefined> {
    return this.#store.lock.shared(async () => {
      try {
        const { image } = await resolveImage(this.#store, name);
        const chain = image.chain.at(-1);
        if (chain !== undefined) await this.#workspace.hold(chain);
        return { id: image.id, text: image.text, chain };
      } catch (error) {
        if (error instanceof UserError && error.code === 'no-such-image') return undefined;
        throw error;
      }
    });
  }

  findLayer(chain: Chain): Promise<LayerFacts | undefined> {
    return this.#store.lock.shared(async () => {
      const layer = await this.#store.layers.findLayer(chain as ChainId);
      if (layer === undefined || !this.#store.driver.holds(layer.cacheId)) return undefined;
      await this.#workspace.hold(layer.chainId);
      return { chain: layer.chainId, diffId: layer.diffId, size: layer.size };
    });
  }

  async show<T>(chain: Chain | undefined, act: (root: string) => Promise<T>): Promise<T> {
    if (chain === undefined) return act(this.#emptyTree());
    const { cacheId } = await this.#store.layers.getLayer(chain as ChainId);
    return this.#withTree(cacheId, 'build: files of a stage', act);
  }

  async change(
    request: ChangeRequest,
    act: (root: string) => Promise<void>,
  ): Promise<LayerFacts | undefined> {
    const { driver, layers } = this.#store;
    const parent = request.parent as ChainId | undefined;
    const isDetached = request.detached === true || parent === undefined;
    const below = isDetached ? undefined : (await layers.getLayer(parent)).cacheId;
    return this.#withStubs(below, request.stubs ?? [], (base) =>
      this.#withWritable(base, async (id) => {
        await this.#withTree(id, request.title, act);
        const changes = await driver.changes(id, base);
        if (changes.length === 0) return undefined;
        const { timestamp } = request;
        if (timestamp !== undefined) await this.#setTimes(id, request.title, changes, timestamp);
        return this.#publish(parent, id, base);
      }),
    );
  }

  async addImage(text: string, names: readonly string[]): Promise<string> {
    const { diff_ids } = (JSON.parse(text) as { rootfs: { diff_ids: Digest[] } }).rootfs;
    return this.#workspace.addImage(text, chainOf(diff_ids), names.map(parseNewName));
  }

  /** As readable as the root of an image. */
  #emptyTree(): string {
    const path = mkdtempSync(join(this.scratch, 'empty-'));
    chmodSync(path, 0o755);
    return path;
  }

  async #publish(parent: ChainId | undefined, id: CacheId, base: CacheId | undefined): Promise<LayerFacts> {
    const { driver, layers } = this.#store;
    const chain = await this.#workspace.addLayer(parent, (made, over) =>
      driver.applyDiff(
        made,
        over,
        tarStream((sink) => driver.diff(id, base, sink)),
      ),
    );
    const { diffId, size } = await layers.getLayer(chain);
    return { chain, diffId, size };
  }

  /**
   * Runs `act` with a layer over `base` in which the stubs exist, or with `base` itself where it has them all: so
   * what a runtime needs to mount on is never among the changes.
   */
  async #withStubs<T>(
    base: CacheId | undefined,
    stubs: readonly Stub[],
    act: (base: CacheId | undefined) => Promise<T>,
  ): Promise<T> {
    if (stubs.length === 0) return act(base);
    return this.#withWritable(base, async (id) => {
      const isComplete = await this.#withTree(id, 'build: places for mounts', (root) =>
        Promise.resolve(this.#makeStubs(root, stubs)),
      );
      return act(isComplete ? base : id);
    });
  }

  /** False where any was missing. */
  #makeStubs(root: string, stubs: readonly Stub[]): boolean {
    const tree = new InRoot(root);
    let isComplete = true;
    try {
      for (const { path, kind, mode } of stubs) {
        const end = tree.endOf(nameFromText(path));
        if (tree.exists(end)) continue;
        isComplete = false;
        const directory = kind === 'directory' ? end : asName(posix.dirname(end));
        const made = openTargetDirectory(tree, directory).directory;
        if (kind === 'directory' && mode !== undefined) this.#fs.fchmodat(made, asName(''), mode);
        this.#fs.close(made);
        if (kind === 'file') tree.makeFile(end);
      }
    } finally {
      tree.close();
    }
    return isComplete;
  }

  async #withWritable<T>(base: CacheId | undefined, act: (id: CacheId) => Promise<T>): Promise<T> {
    const { driver } = this.#store;
    const id = newCacheId();
    await this.#workspace.doom(id);
    try {
      return await tellingNoSpace(this.#store.root.path, async () => {
        await driver.createReadWrite(id, base);
        return act(id);
      });
    } finally {
      await driver.remove(id);
    }
  }

  async #withTree<T>(id: CacheId, title: string, act: (root: string) => Promise<T>): Promise<T> {
    const { driver } = this.#store;
    const root = await driver.get(id, { title });
    try {
      return await act(root);
    } finally {
      await driver.put(id);
    }
  }

  /** Everything that the step changed, and the root, whose time is part of a layer, too. */
  #setTimes(id: CacheId, title: string, changes: readonly LayerChange[], timestamp: number): Promise<void> {
    const time = { sec: timestamp, nsec: 0 };
    return this.#withTree(id, title, (root) => {
      const top = nameFromText(root);
      for (const { path, kind } of changes) {
        if (kind !== 'deleted') {
          this.#fs.utimensat(AT_FDCWD as Fd, asName(`${top}/${path}`), time, time);
        }
      }
      this.#fs.utimensat(AT_FDCWD as Fd, top, time, time);
      return Promise.resolve();
    });
  }
}
