/**
 * The mounts that were asked for, made ready for a start: sources are there, volumes are mounted, a directory in a
 * volume is bound to a place of its own. The place in the container is the runtime's business, which resolves it
 * inside the root.
 */
import { closeSync, existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { nameFromText } from '../base/name.ts';
import { UserError } from '../base/user-error.ts';
import { MNT_DETACH, UMOUNT_NOFOLLOW } from '../os/constants.ts';
import { getAddon } from '../os/addon.ts';
import { makeDirectories } from '../os/make-directories.ts';
import { bindMount } from '../os/mount.ts';
import { findMountAt } from '../os/mountinfo.ts';
import { fdPath, InRoot } from '../os/in-root.ts';
import { isFsError } from '../base/fs-error.ts';
import type { Container } from './container.ts';
import { bundlePath, type Engine } from './engine.ts';
import type { BindRequest, MountRequest, TmpfsRequest, VolumeRequest } from './mount-request.ts';
import { readOnlyOptions } from './read-only-bind.ts';
import type { SpecMount } from './runtime-spec.ts';
import { mountVolume, releaseVolume } from './use-volume.ts';

/** UserError `no-source` for a bind source that is missing and may not, or cannot, be made. */
export function checkBindSource({ source, createSource }: BindRequest): void {
  if (existsSync(source)) return;
  if (!createSource)
    throw new UserError(
      'no-source',
      `invalid mount config for type "bind": bind source path does not exist: ${source}`,
      { hint: 'make it first, or use -v, which does', exitCode: 125 },
    );
  try {
    makeDirectories(source, 0o755);
  } catch (cause) {
    const { code = 'EIO' } = cause as NodeJS.ErrnoException;
    throw new UserError('no-source', `error while creating mount source path '${source}' (${code})`, {
      hint: 'name a directory that is there, or one that can be made',
      exitCode: 125,
      cause,
    });
  }
}

/**
 * For config.json of a container that `runtime` runs, in the order given. UserError; what was mounted for it is taken
 * off by `releaseMounts`.
 */
export async function prepareMounts(
  engine: Engine,
  { id, mounts }: Pick<Container, 'id' | 'mounts'>,
  runtime: string,
): Promise<SpecMount[]> {
  const ready: SpecMount[] = [];
  for (const [index, mount] of mounts.entries()) {
    const place = bundlePath(engine, id, 'mounts', String(index));
    ready.push(
      mount.type === 'bind' ? bindMountOf(mount, runtime) : await prepareMount(engine, mount, place),
    );
  }
  return ready;
}

async function prepareMount(
  engine: Engine,
  mount: VolumeRequest | TmpfsRequest,
  place: string,
): Promise<SpecMount> {
  const destination = mount.target;
  if (mount.type === 'tmpfs') return { destination, type: 'tmpfs', source: 'tmpfs', options: mount.options };
  const source = await volumeSource(engine, mount, place);
  return {
    ...{ destination, type: 'bind', source },
    options: ['rbind', 'rprivate', ...(mount.readOnly ? ['ro'] : [])],
  };
}

function bindMountOf(mount: BindRequest, runtime: string): SpecMount {
  checkBindSource(mount);
  const destination = mount.target;
  const options = [mount.recursive ? 'rbind' : 'bind', mount.propagation, ...readOnlyOptions(mount, runtime)];
  return { destination, type: 'bind', source: mount.source, options };
}

/** Takes off what a run had mounted for itself, and volumes that no other run has. */
export async function releaseMounts(
  engine: Engine,
  id: string,
  mounts: readonly MountRequest[],
): Promise<void> {
  const places = bundlePath(engine, id, 'mounts');
  for (const name of existsSync(places) ? readdirSync(places) : []) unmount(join(places, name));
  for (const { source } of volumesOf(mounts)) {
    if (source !== undefined) await releaseVolume(engine, source, id);
  }
}

export function volumesOf(mounts: readonly MountRequest[]): VolumeRequest[] {
  return mounts.filter((mount) => mount.type === 'volume');
}

async function volumeSource(
  engine: Engine,
  { source = '', subpath }: VolumeRequest,
  place: string,
): Promise<string> {
  const content = await mountVolume(engine, source);
  return subpath === undefined ? content : bindSubpath(content, subpath, place, source);
}

/** A path could be changed by whoever writes the volume between our look and the runtime's: what was found is bound. */
function bindSubpath(content: string, subpath: string, place: string, volume: string): string {
  const root = new InRoot(content);
  try {
    const found = findDirectory(root, subpath);
    if (found === undefined)
      throw new UserError('no-subpath', `volume ${volume} has no directory ${subpath}`, {
        hint: 'volume-subpath names a directory that is there',
        exitCode: 125,
      });
    mkdirSync(place, { recursive: true, mode: 0o700 });
    try {
      bindMount(nameFromText(fdPath(found)), nameFromText(place));
    } finally {
      closeSync(found);
    }
    return place;
  } finally {
    root.close();
  }
}

function findDirectory(root: InRoot, path: string): number | undefined {
  try {
    return root.findDirectory(nameFromText(path));
  } catch (thrown) {
    if (isFsError(thrown, 'ELOOP')) return undefined;
    throw thrown;
  }
}

function unmount(path: string): void {
  if (findMountAt(nameFromText(path)) !== undefined)
    getAddon().umount(nameFromText(path), MNT_DETACH | UMOUNT_NOFOLLOW);
}
