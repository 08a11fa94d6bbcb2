/**
 * `strata mount` and `strata umount`: an image, or plain directories, shown at a place of the user's choice. The mount is
 * in the book, so that its layers stay and that `which` finds them.
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, realpathSync, rmdirSync, statSync } from 'node:fs';
import { join, parse, resolve } from 'node:path';
import { nameFromText } from '../base/name.ts';
import { UserError } from '../base/user-error.ts';
import { makeDirectories } from '../os/make-directories.ts';
import { bindMount } from '../os/mount.ts';
import { findMountAt } from '../os/mountinfo.ts';
import { kernelMounter, stratafsMounter, type Mounter } from './drivers/mounter.ts';
import type { CacheId } from './ids.ts';
import {
  checkNamespace,
  findMounted,
  isElsewhere,
  isThere,
  type MountBook,
  type NamedRecord,
} from './mount-book.ts';
import { dropMount, getMount } from './mount-count.ts';
import { waitForEnding } from './mount-end.ts';
import { resolveImage } from './resolve-image.ts';
import type { Store } from './store.ts';

export interface MountTreeOptions {
  /** An image, or directories from the top: what is a path (`/`, `./`, `../`) is a directory. */
  readonly sources: readonly string[];
  /** Where changes go; read-only without. Its work directory is `<upper>.work`. */
  readonly upper: string | undefined;
  readonly target: string;
}

/** Resolves when the tree can be used. UserError `missing-mount-point`, `mixed-sources`, `bad-upper`, and those of the mount. */
export function mountTree(store: Store, options: MountTreeOptions): Promise<void> {
  const target = directoryAt(options.target, 'mount point');
  const upper = options.upper === undefined ? undefined : makeUpper(options.upper);
  // Shared: nobody takes a layer away before it is in the book.
  return store.lock.shared(async () => {
    const { lowers, layers } = await findLowers(store, options.sources);
    const empty = mkdtempSync(join(store.run.path, 'empty-'));
    try {
      await getMount(store.mounts, {
        name: randomBytes(8).toString('hex'),
        ...{ target, isOwn: false, layers, kept: true, title: options.sources.join(' ') },
        upper: upper?.upper,
        mount: () => mounterOf(store).mount({ lowers, ...upper, target, empty }),
      });
    } finally {
      rmdirSync(empty);
    }
  });
}

/**
 * Shows a layer that is written, as it is and as it changes, at one more place. What mounts the layer stays mounted
 * until that is unmounted. `layers`: it, and those below. UserError `missing-mount-point`, `busy-mount-point`.
 */
export async function mountLayerAt(
  store: Store,
  path: string,
  { layers, title }: { readonly layers: readonly [CacheId, ...CacheId[]]; readonly title: string },
): Promise<void> {
  const target = directoryAt(path, 'mount point');
  const [id] = layers;
  const source = await store.driver.get(id, { title });
  try {
    await getMount(store.mounts, {
      name: randomBytes(8).toString('hex'),
      ...{ target, isOwn: false, layers, kept: true, title },
      of: id,
      upper: (await store.mounts.find(id))?.upper,
      mount: () => {
        bindMount(nameFromText(source), nameFromText(target));
        return Promise.resolve(undefined);
      },
    });
  } finally {
    await store.driver.put(id);
  }
}

/** UserError `not-mounted`, `layer-in-use` while programs use it unless `lazy`. */
export async function unmountTreeAt(
  store: Store,
  path: string,
  { lazy }: { readonly lazy: boolean },
): Promise<void> {
  const target = mountPointAt(path);
  const ending = await store.mounts.alone(async () => {
    const record = await findRecord(store.mounts, target);
    if (record === undefined) {
      throw new UserError('not-mounted', `${target} is not a mount of this data root`, {
        hint: 'findmnt -t fuse.stratafs,overlay lists mounts; umount(8) unmounts those of others',
      });
    }
    checkNamespace(record);
    const tree = findMounted(record) ?? findMountAt(nameFromText(target));
    return dropMount(store.mounts, record, { tree, lazy });
  });
  if (ending !== undefined) await waitForEnding(store.mounts, ending);
}

/** Of the mount that is, or has come, there. */
async function findRecord(book: MountBook, target: string): Promise<NamedRecord | undefined> {
  const { records } = await book.readAll();
  const here = records.filter((record) => findMounted(record) === undefined && !isElsewhere(record));
  const places = await Promise.all(here.map((record) => book.findPlace(record.name, record)));
  return (
    records.find((record) => record.target === target && findMounted(record) !== undefined) ??
    here.find((_, index) => places[index] === target) ??
    records.find((record) => record.target === target && isThere(record))
  );
}

function mounterOf(store: Store): Mounter {
  return store.driver.name === 'overlay2' ? kernelMounter(store.root.at('overlay2')) : stratafsMounter;
}

async function findLowers(
  store: Store,
  sources: readonly string[],
): Promise<{ lowers: string[]; layers: CacheId[] }> {
  if (sources.every(isPath)) return { lowers: sources.map((path) => directoryAt(path, 'layer')), layers: [] };
  const [name, ...rest] = sources;
  if (name === undefined || rest.length > 0) {
    throw new UserError('mixed-sources', 'mount one image, or directories', {
      hint: 'write directories as paths: ./DIR',
    });
  }
  const { image } = await resolveImage(store, name);
  const top = image.chain.at(-1);
  if (top === undefined)
    throw new UserError('empty-image', `${name} has no layers`, { hint: 'mount a directory' });
  const chain = await store.layers.chain(top);
  return {
    lowers: await store.driver.lowers((await store.layers.getLayer(top)).cacheId),
    layers: chain.map(({ cacheId }) => cacheId).reverse(),
  };
}

/** Whether it is a directory's path rather than a name. */
export function isPath(source: string): boolean {
  return /^(\/|\.\.?(\/|$))/.test(source);
}

function directoryAt(path: string, what: string): string {
  try {
    const real = realpathSync(path);
    if (statSync(real).isDirectory()) return real;
  } catch (cause) {
    const { code = 'EIO' } = cause as NodeJS.ErrnoException;
    throw new UserError('missing-mount-point', `the ${what} ${path} cannot be used (${code})`, {
      hint: `create it: mkdir -p ${path}`,
      cause,
    });
  }
  throw new UserError('bad-mount-point', `the ${what} ${path} is not a directory`, {
    hint: 'name a directory',
  });
}

/** Without a look at what is mounted there: a server that was killed does not answer. */
function mountPointAt(path: string): string {
  const { dir, base } = parse(resolve(path));
  return join(directoryAt(dir, 'directory of the mount point'), base);
}

function makeUpper(path: string): { upper: string; work: string } {
  const upper = resolve(path);
  const work = `${upper}.work`;
  try {
    makeDirectories(upper, 0o755);
    makeDirectories(work, 0o700);
  } catch (cause) {
    const { code = 'EIO' } = cause as NodeJS.ErrnoException;
    throw new UserError('bad-upper', `${upper} and ${work} beside it cannot be made (${code})`, {
      hint: 'name a directory that may be written, or made, with --upper',
      cause,
    });
  }
  return { upper, work };
}
