/**
 * A data root: one directory with everything that outlasts a boot, laid out as Docker lays out its own, so that
 * who knows one knows the other (docs/store.md). A version file marks it as ours; a directory that holds anything
 * else, above all the storage of dockerd or podman, is refused before a single byte is written.
 */
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  realpathSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import * as v from 'valibot';
import { nameFromText } from '../base/name.ts';
import { UserError } from '../base/user-error.ts';
import { waitForLock } from '../os/lock.ts';
import { makeDirectories } from '../os/make-directories.ts';
import { driverNames, type DriverName } from './driver.ts';
import { findJson, writeDurably } from './durable.ts';

export const defaultRoot = '/var/lib/strata';

/** How layers are kept; `strata` and `overlay2` mount the same format. */
export type RootFormat = 'overlay2' | 'vfs' | 'btrfs';

const versionName = 'strata.json';
const versionSchema = v.object({
  version: v.number(),
  format: v.picklist(['overlay2', 'vfs', 'btrfs']),
  /** The driver that was asked for when the root was made. */
  driver: v.optional(v.picklist(driverNames)),
});
const version = 1;

/** Entries by which the storage of others is known. */
const others: readonly (readonly [name: string, owner: string])[] = [
  ['engine-id', 'dockerd'],
  ['buildkit', 'dockerd'],
  ['swarm', 'dockerd'],
  ['image', 'dockerd'],
  ['libpod', 'podman'],
  ['storage.lock', 'podman'],
  ['overlay-images', 'podman'],
  ['vfs-images', 'podman'],
  ['defaultNetworkBackend', 'podman'],
  ['io.containerd.metadata.v1.bolt', 'containerd'],
];

/** Paths of one data root. Whoever has one knows that the root is ours and exists. */
export class DataRoot {
  /** Absolute, without symbolic links. */
  readonly path: string;
  readonly format: RootFormat;
  /** What it was made for; undefined where that was left to a trial. */
  readonly driver: DriverName | undefined;

  constructor(path: string, format: RootFormat, driver: DriverName | undefined) {
    this.path = path;
    this.format = format;
    this.driver = driver;
  }

  /** A path below the root. */
  at(...names: readonly string[]): string {
    return join(this.path, ...names);
  }

  /** Images, and what is known of layers. */
  image(...names: readonly string[]): string {
    return this.at('image', this.format, ...names);
  }

  layerDb(...names: readonly string[]): string {
    return this.image('layerdb', ...names);
  }

  imageDb(...names: readonly string[]): string {
    return this.image('imagedb', ...names);
  }

  /** What builds keep beside images. */
  get buildCache(): string {
    return this.image('build');
  }

  /** Of these, the caches of `RUN --mount=type=cache`, a directory each. */
  get buildCacheMounts(): string {
    return this.image('build', 'mounts');
  }

  get lockFile(): string {
    return this.at('lock');
  }

  get reserveFile(): string {
    return this.at('reserve');
  }
}

/** The root at `path`; undefined where nothing is there, or an empty directory. UserError `foreign-root`, `newer-root`. */
export async function findDataRoot(path: string): Promise<DataRoot | undefined> {
  const wanted = resolve(path);
  const names = entries(wanted);
  if (names === undefined) return undefined;
  const real = realpathSync(wanted);
  const found = await findVersion(real);
  if (found === undefined) {
    refuseForeign(real, names);
    return undefined;
  }
  if (found.version === version) {
    const root = new DataRoot(real, found.format, found.driver);
    restoreEmpty(root);
    return root;
  }
  throw new UserError('newer-root', `${real} is a data root of version ${String(found.version)}`, {
    hint: `this strata knows version ${String(version)}: use the one that made it, or another --root`,
  });
}

/**
 * Makes a root at `path`, or answers the one that somebody else has made meanwhile. UserError `foreign-root`,
 * `no-permission`.
 */
export async function createDataRoot(
  path: string,
  format: RootFormat,
  driver: DriverName | undefined,
): Promise<DataRoot> {
  const wanted = resolve(path);
  makeRootDirectory(wanted);
  const real = realpathSync(wanted);
  // The directory itself: there is no file yet that could be locked.
  const lock = await waitForLock(nameFromText(real), 'exclusive');
  try {
    const found = await findDataRoot(real);
    if (found !== undefined) return found;
    const root = new DataRoot(real, format, driver);
    for (const directory of [
      root.layerDb('sha256'),
      root.layerDb('mounts'),
      root.layerDb('tmp'),
      root.imageDb('content', 'sha256'),
      root.imageDb('metadata', 'sha256'),
    ]) {
      mkdirSync(directory, { recursive: true, mode: 0o700 });
    }
    await writeDurably(root.lockFile, '');
    // Last: without it the root is not one, and is made anew.
    await writeDurably(root.at(versionName), `${JSON.stringify({ version, format, driver })}\n`);
    return root;
  } finally {
    lock.release();
  }
}

/** A copy of a root may have been made by a program that leaves out what is empty. */
function restoreEmpty(root: DataRoot): void {
  const areThere = existsSync(root.lockFile) && existsSync(root.layerDb('tmp'));
  if (areThere) return;
  mkdirSync(root.layerDb('tmp'), { recursive: true, mode: 0o700 });
  closeSync(openSync(root.lockFile, 'a', 0o600));
}

function entries(path: string): string[] | undefined {
  try {
    return readdirSync(path);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    throw unreadable(path, cause);
  }
}

async function findVersion(path: string): Promise<v.InferOutput<typeof versionSchema> | undefined> {
  try {
    return await findJson(join(path, versionName), versionSchema);
  } catch (thrown) {
    throw (thrown as NodeJS.ErrnoException).code === 'EACCES' ? unreadable(path, thrown) : thrown;
  }
}

function unreadable(path: string, cause: unknown): UserError {
  const { code = 'EIO' } = cause as NodeJS.ErrnoException;
  return new UserError('bad-root', `the data root ${path} cannot be read (${code})`, {
    hint: 'run strata as root, or choose a directory of yours: --root DIR, or STRATA_ROOT in the environment',
    cause,
  });
}

/** What a crash has left of the making of a root is nobody's. */
const ownBeginnings = new Set(['lock', 'lost+found', 'image']);

function refuseForeign(path: string, names: readonly string[]): void {
  const strange = names.filter((name) => !/^\.(new|trial)-/.test(name) && !ownBeginnings.has(name));
  if (strange.length === 0) return;
  const owner = others.find(([name]) => names.includes(name))?.[1];
  throw new UserError(
    'foreign-root',
    owner === undefined
      ? `${path} holds other things (${strange.slice(0, 3).join(', ')}) and is not a data root`
      : `${path} is the storage of ${owner}`,
    { hint: 'choose an empty directory: --root DIR, or STRATA_ROOT in the environment' },
  );
}

/** The directory itself, empty where there was none. UserError `bad-root` where it cannot be made or written. */
export function makeRootDirectory(path: string): void {
  try {
    makeDirectories(path, 0o711);
    accessSync(path, constants.W_OK);
  } catch (cause) {
    const { code = 'EIO' } = cause as NodeJS.ErrnoException;
    throw new UserError('bad-root', `the data root ${path} cannot be made or written (${code})`, {
      hint:
        code === 'EROFS'
          ? 'its file system is read-only: mount that for writing, or choose another directory: --root DIR'
          : 'run strata as root, or choose a directory of yours: --root DIR, or STRATA_ROOT in the environment',
      cause,
    });
  }
}
