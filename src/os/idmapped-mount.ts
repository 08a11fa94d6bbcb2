/**
 * A directory in an idmapped mount, and the same directory with the owners that lie on disk. Found by
 * mountinfo alone, so that no file system is asked that may hang, or be served by this process: nor does the way to
 * that directory lead through one that the way to the first does not.
 */
import { lstatSync, type BigIntStats } from 'node:fs';
import type { Name } from '../base/name.ts';
import { joined, pathInFileSystem, restBelow, type MountEntry } from './mountinfo.ts';

/** One directory by two paths. */
export interface IdmappedDirectory {
  /** As its path in the idmapped mount tells. */
  readonly mapped: Readonly<Record<'uid' | 'gid', number>>;
  readonly onDisk: Readonly<Record<'uid' | 'gid', number>> & { readonly path: Name };
}

/**
 * `path`: absolute, without symlinks; `mounts`: all of them, in the kernel's order (`readMounts`). undefined where no
 * map is in force, or no other mount shows the directory.
 */
export function findIdmapped(path: Name, mounts: readonly MountEntry[]): IdmappedDirectory | undefined {
  const mount = mountOf(path, mounts);
  if (mount?.options.includes('idmapped') !== true) return undefined;
  const mapped = lookAt(path);
  if (mapped === undefined) return undefined;
  const crossed = new Set(waysTo(mount, mounts));
  const inside = pathInFileSystem(mount, path);
  if (inside === undefined) return undefined;
  for (const other of mounts) {
    if (other.device !== mount.device || other.options.includes('idmapped')) continue;
    const rest = restBelow(other.root, inside);
    if (rest === undefined) continue;
    const plain = joined(other.mountPoint, rest);
    if (mountOf(plain, mounts) !== other) continue;
    if (waysTo(other, mounts).some((way) => isServed(way) && !crossed.has(way))) continue;
    const onDisk = lookAt(plain);
    if (onDisk?.ino !== mapped.ino) continue;
    return { mapped: ownerOf(mapped), onDisk: { ...ownerOf(onDisk), path: plain } };
  }
  return undefined;
}

/** On which mount `path` lies; of several at one place the last is on top. */
function mountOf(path: Name, mounts: readonly MountEntry[]): MountEntry | undefined {
  let found: MountEntry | undefined;
  for (const mount of mounts) {
    if (restBelow(mount.mountPoint, path) === undefined) continue;
    if (found === undefined || mount.mountPoint.length >= found.mountPoint.length) found = mount;
  }
  return found;
}

/** The mounts that the path of `mount` leads through, and itself. */
function waysTo(mount: MountEntry, mounts: readonly MountEntry[]): MountEntry[] {
  const ways = [mount];
  for (;;) {
    const last = ways.at(-1);
    // The root of the tree is its own parent, or one that is not shown.
    const parent = mounts.find(({ id }) => id === last?.parentId);
    if (parent === undefined || ways.includes(parent)) return ways;
    ways.push(parent);
  }
}

/** By a process, through FUSE. */
function isServed({ type }: MountEntry): boolean {
  return /^fuse(?:\.|blk|$)/.test(type);
}

function lookAt(path: Name): BigIntStats | undefined {
  return lstatSync(Buffer.from(path, 'latin1'), { bigint: true, throwIfNoEntry: false });
}

function ownerOf({ uid, gid }: BigIntStats): Record<'uid' | 'gid', number> {
  return { uid: Number(uid), gid: Number(gid) };
}
