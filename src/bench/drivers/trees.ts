/**
 * The layers of a trial as one tree, for drivers that copy it or take a snapshot of it. Making it takes longer than
 * most trials, so it is kept for the next trials over the same layers; of each kind only one is kept, since all
 * trials of a workload follow each other, and space is dear. A tree is there under its name only when it is complete.
 */
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  statfsSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { nameFromText } from '../../base/name.ts';
import { findMountAt } from '../../os/mountinfo.ts';
import { run } from '../child.ts';
import type { Stack } from '../stack.ts';
import { flatten } from './flatten.ts';

/** A plain directory, or a subvolume of a btrfs in a file beside it. */
export type TreeKind = 'directory' | 'subvolume';

/** Below a storage directory: what is to be removed with the trials. The last is the file that is mounted as the one before it. */
export const treeNames = ['trees', 'btrfs', 'btrfs.img'] as const;

const [directories, subvolumes, image] = treeNames;

/** Where the tree of a stack's layers lies; whether it is there or not. */
export function treePath(kind: TreeKind, { storage, lowers }: Pick<Stack, 'storage' | 'lowers'>): string {
  const key = createHash('sha256').update(lowers.join('\0')).digest('hex').slice(0, 12);
  return join(storage, kind === 'directory' ? directories : subvolumes, `tree-${key}`);
}

/** Makes the tree of a stack's layers where it is not there yet, in the place of another one. */
export function provideTree(kind: TreeKind, stack: Pick<Stack, 'storage' | 'lowers'>): void {
  if (kind === 'subvolume') provideBtrfs(stack.storage);
  const path = treePath(kind, stack);
  if (existsSync(path)) return;
  const place = dirname(path);
  mkdirSync(place, { recursive: true });
  const others = readdirSync(place).map((name) => join(place, name));
  const unfinished = `${path}.part`;
  if (kind === 'directory') {
    run(['rm', '-rf', '--', ...others]);
  } else {
    if (others.length > 0) run(['btrfs', 'subvolume', 'delete', '--commit-after', ...others]);
    run(['btrfs', 'subvolume', 'create', unfinished]);
  }
  flatten(stack.lowers, unfinished);
  renameSync(unfinished, path);
}

/** Makes a btrfs as large as what is free, in a file without content, and mounts it. */
function provideBtrfs(storage: string): void {
  const [mountPoint, file] = [join(storage, subvolumes), join(storage, image)];
  if (findMountAt(nameFromText(mountPoint)) !== undefined) return;
  mkdirSync(mountPoint, { recursive: true });
  const { bavail, bsize } = statfsSync(storage);
  writeFileSync(file, '');
  truncateSync(file, bavail * bsize);
  run(['mkfs.btrfs', '--quiet', file]);
  run(['mount', '-t', 'btrfs', '-o', 'loop', file, mountPoint]);
}
