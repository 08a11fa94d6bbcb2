/**
 * Which driver a data root gets. What a root has been filled with decides the format for good; between the two
 * that mount the same format, and for a root that is still empty, the best one that really works here is taken, as
 * a trial shows: a mount on directories in the root, with a file in it that is read, changed and deleted.
 */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { nameFromText } from '../../base/name.ts';
import { UserError } from '../../base/user-error.ts';
import { unmountFuse } from '../../os/mount.ts';
import { findMountAt } from '../../os/mountinfo.ts';
import { makeRootDirectory, type DataRoot, type RootFormat } from '../data-root.ts';
import { driverNames, type DriverName, type StorageDriver } from '../driver.ts';
import type { MountBook } from '../mount-book.ts';
import { removeDirectory } from '../remove-directory.ts';
import { btrfsKeeper, isBtrfs } from './btrfs.ts';
import { kernelMounter, stratafsMounter, unmountTree } from './mounter.ts';
import { OverlayDriver } from './overlay.ts';
import { TreeDriver } from './tree-driver.ts';
import { vfsKeeper } from './vfs.ts';

export interface DriverChoice {
  readonly name: DriverName;
  /** One sentence for `strata info`. */
  readonly reason: string;
}

/** What Docker has, or had, and this has not. */
const others: Readonly<Record<string, string>> = {
  aufs: 'aufs is not in any kernel any more: use overlay2, which reads its whiteouts in layers that are loaded',
  devicemapper: 'Docker has dropped devicemapper: use overlay2, or btrfs for block-level snapshots',
  zfs: 'zfs is not supported: use overlay2 on a zfs data set, or btrfs for snapshots',
  'fuse-overlayfs': 'use strata, which mounts the same format without it',
};

/** UserError `unknown-driver`, with what to use instead. */
export function parseDriverName(text: string): DriverName {
  if (text === 'overlay') return 'overlay2';
  const found = driverNames.find((name) => name === text);
  if (found !== undefined) return found;
  throw new UserError('unknown-driver', `there is no storage driver '${text}'`, {
    hint: others[text] ?? `there are ${driverNames.join(', ')}`,
  });
}

export function formatOf(name: DriverName): RootFormat {
  return name === 'strata' ? 'overlay2' : name;
}

/**
 * For a root of this format, or a directory that is going to be one. UserError `other-format` where `wanted` does
 * not fit the root, `driver-unusable` where it does not work here.
 */
export async function chooseDriver(
  path: string,
  format: RootFormat | undefined,
  wanted: DriverName | undefined,
): Promise<DriverChoice> {
  if (wanted !== undefined) {
    if (format !== undefined && formatOf(wanted) !== format) {
      throw new UserError('other-format', `${path} holds layers of ${format}, which ${wanted} cannot use`, {
        hint: 'leave out --driver, or choose another --root',
      });
    }
    return { name: wanted, reason: 'it was asked for' };
  }
  if (format === 'vfs' || format === 'btrfs') return { name: format, reason: 'the data root has its layers' };
  const tried = await tryMounts(path);
  if (tried !== undefined) return tried;
  if (format === undefined)
    return { name: 'vfs', reason: 'nothing can be mounted here (no /dev/fuse, no overlayfs)' };
  throw new UserError(
    'driver-unusable',
    `${path} holds layers of overlay2, and nothing can be mounted here`,
    {
      hint: 'run strata as root on a machine with /dev/fuse or overlayfs',
    },
  );
}

/** A trial is worth a tenth of a second: where a device is missing, its absence is answer enough. */
async function tryMounts(path: string): Promise<DriverChoice | undefined> {
  const failed: string[] = [];
  for (const name of ['strata', 'overlay2'] as const) {
    const reason = await trial(name, path);
    if (reason === undefined) {
      const after = failed.length === 0 ? '' : `; before it failed ${failed.join(', ')}`;
      return { name, reason: `a trial mount worked${after}` };
    }
    failed.push(`${name} (${reason})`);
  }
  return undefined;
}

/**
 * Takes away what is left of a trial whose command died, its mount first. FsError EBUSY where its server, which may have
 * outlived it by a moment, mounts it right now.
 */
export async function removeTrial(place: string): Promise<void> {
  const target = nameFromText(join(realpathSync(place), 'merged'));
  while (findMountAt(target) !== undefined) unmountFuse(target, { lazy: true });
  await removeDirectory(place);
}

/** Undefined where it works, otherwise why not. */
export async function trial(name: 'strata' | 'overlay2', path: string): Promise<string | undefined> {
  if (name === 'strata' && !existsSync('/dev/fuse')) return 'there is no /dev/fuse';
  makeRootDirectory(path);
  const place = mkdtempSync(join(path, `.trial-${String(process.pid)}-`));
  const [lower, upper, work, target] = ['lower', 'upper', 'work', 'merged'].map((part) => {
    mkdirSync(join(place, part), { mode: 0o755 });
    return join(place, part);
  }) as [string, string, string, string];
  writeFileSync(join(lower, 'file'), 'lower');
  const mounter = name === 'strata' ? stratafsMounter : kernelMounter(place);
  try {
    const server = await mounter.mount({ lowers: [lower], upper, work, target });
    try {
      return works(name, target) ? undefined : 'a trial mount showed something else';
    } finally {
      await unmountTree(target, { server });
    }
  } catch (thrown) {
    return thrown instanceof UserError ? thrown.message : String(thrown);
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

/**
 * No process should wait for a mount whose server it has started: this one is not its server, and the mount answers
 * already.
 */
function works(name: DriverName, target: string): boolean {
  const file = join(target, 'file');
  if (readFileSync(file, 'utf8') !== 'lower') return false;
  writeFileSync(file, name);
  rmSync(file);
  return !existsSync(file);
}

export function createDriver(name: DriverName, root: DataRoot, book: MountBook): StorageDriver {
  switch (name) {
    case 'strata':
    case 'overlay2':
      return new OverlayDriver(name, root, book);
    case 'btrfs':
      if (!isBtrfs(root.path)) {
        throw new UserError('driver-unusable', `${root.path} does not lie on btrfs`, {
          hint: 'mount a btrfs there, choose another --root, or another --driver',
        });
      }
      return new TreeDriver(btrfsKeeper, root, book);
    case 'vfs':
      return new TreeDriver(vfsKeeper, root, book);
  }
}
