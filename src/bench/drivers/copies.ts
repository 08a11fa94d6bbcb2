/**
 * What storage drivers of Docker do that mount no union: each container gets a tree of its own, as a snapshot of a
 * subvolume (`btrfs`) or as a copy of everything (`vfs`). What a union pays at each access, they pay when the
 * container is made. A copy that is made while no clock runs is `plain`, the floor that no union can be below.
 */
import { existsSync, readFileSync } from 'node:fs';
import { release } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { run } from '../child.ts';
import { findProgram } from '../packages.ts';
import type { Stack } from '../stack.ts';
import type { Driver, Obstacle } from './driver.ts';
import { treePath } from './trees.ts';

const takeSnapshot = 'btrfs subvolume snapshot "$1" "$2" >/dev/null; mount --bind "$2" "$3"';

/** To its end: the next trial shall not run beside the kernel's cleaning up. */
const dropSnapshot = `umount "$2"; btrfs subvolume delete --commit-after "$1" >/dev/null
btrfs subvolume sync "\${1%/*}" >/dev/null`;

export const copyDrivers: readonly Driver[] = [
  {
    name: 'btrfs',
    subject: false,
    inKernel: true,
    // Nothing is copied up, so nothing is synced.
    durability: 'volatile',
    tree: 'subvolume',
    findObstacle: findBtrfsObstacle,
    version: () => `${run(['btrfs', '--version']).trim().split('\n')[0] ?? ''}, Linux ${release()}`,
    command: (stack) => [
      ...['sh', '-ec', takeSnapshot, 'sh', treePath('subvolume', stack)],
      ...[snapshotPath(stack), stack.mountPoint],
    ],
    shown: 'btrfs subvolume snapshot TREE SNAPSHOT; mount --bind SNAPSHOT MOUNTPOINT',
    unmountCommand: (stack) => ['sh', '-ec', dropSnapshot, 'sh', snapshotPath(stack), stack.mountPoint],
  },
  {
    name: 'vfs',
    subject: false,
    inKernel: true,
    durability: 'volatile',
    tree: 'directory',
    // Once it is made, it is what `plain` is.
    groups: ['mount'],
    findObstacle: () => undefined,
    version: () => run(['cp', '--version']).split('\n')[0] ?? '',
    command: (stack) => copyCommand(treePath('directory', stack), stack.mountPoint),
    shown: copyCommand('TREE', 'MOUNTPOINT').join(' '),
    unmountCommand: () => ['true'],
  },
  {
    name: 'plain',
    subject: false,
    inKernel: true,
    durability: 'volatile',
    tree: 'directory',
    findObstacle: () => undefined,
    version: () => `Linux ${release()}`,
    command: () => undefined,
    unmountCommand: () => ['true'],
  },
];

/** Copies a tree as Docker's driver `vfs` does. */
export function copyCommand(from: string, to: string): string[] {
  return ['cp', '-aT', '--reflink=auto', from, to];
}

/** Beside the trees; a workload may mount twice in one trial. */
function snapshotPath(stack: Stack): string {
  const trial = relative(stack.storage, dirname(stack.mountPoint)).replaceAll('/', '-');
  return join(dirname(treePath('subvolume', stack)), trial);
}

function findBtrfsObstacle(): Obstacle | undefined {
  if (process.geteuid?.() !== 0) return { why: 'only root may mount it' };
  if (findProgram('btrfs') === undefined || findProgram('mkfs.btrfs') === undefined) {
    return { why: 'its programs are not installed', install: 'apt-get install btrfs-progs' };
  }
  if (!existsSync('/dev/loop-control')) return { why: 'there are no loop devices', install: 'modprobe loop' };
  const known = readFileSync('/proc/filesystems', 'utf8').includes('\tbtrfs\n');
  return known ? undefined : { why: 'this kernel does not have it', install: 'modprobe btrfs' };
}
