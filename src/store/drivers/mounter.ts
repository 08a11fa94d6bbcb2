/**
 * Who mounts a stack of directories: our own server, or the kernel's overlayfs. Everything else about the drivers
 * `strata` and `overlay2` is the same, down to the last byte on the disk.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { isFsError } from '../../base/fs-error.ts';
import { nameFromText, nameToText, type Name } from '../../base/name.ts';
import { UserError } from '../../base/user-error.ts';
import { startMountServer } from '../../os/mount-server.ts';
import { findMountAt, readMounts, showsTree, type MountedTree, type MountEntry } from '../../os/mountinfo.ts';
import { mountOverlay, takesSingleLowers } from '../../os/overlay-mount.ts';
import { unmountFuse } from '../../os/mount.ts';
import { escape } from '../../os/option-list.ts';
import { findProcess, isRunning, type ProcessIdentity } from '../../os/process-identity.ts';
import { runChild } from '../child.ts';
import { detachCopies } from './mount-copies.ts';

export interface MountStack {
  /** From the top, at least one; absolute paths. */
  readonly lowers: readonly string[];
  /** Where changes go, with its work directory; without them the mount is read-only. */
  readonly upper?: string | undefined;
  readonly work?: string | undefined;
  /** An existing directory. */
  readonly target: string;
  /** An empty directory that the kernel can have as a second lower. */
  readonly empty?: string | undefined;
}

export interface Mounter {
  /** Resolves when the tree can be used; answers who serves it, undefined for the kernel. UserError, nothing is left then. */
  mount(stack: MountStack): Promise<ProcessIdentity | undefined>;
}

const sourcePrefix = 'strata-';

/**
 * What /proc/mounts shows as the device, for one mount alone: the number of a device is given to the next mount, of whomever, as soon
 * as it is free.
 */
function newMountSource(): string {
  return `${sourcePrefix}${randomBytes(4).toString('hex')}`;
}

/** Whether a data root has mounted it. */
export function isOwnSource(source: Name): boolean {
  return source.startsWith(sourcePrefix);
}

/** Our own mount: any number of layers, no privileges beyond /dev/fuse. */
export const stratafsMounter: Mounter = {
  mount: async (stack) => {
    const options = [
      `lowerdir=${stack.lowers.map(escape).join(':')}`,
      ...upperOptions(stack),
      `fsname=${newMountSource()}`,
    ];
    const server = await startMountServer({ options: options.join(','), mountPoint: stack.target });
    return findProcess(server.pid);
  },
};

/** All options of mount(2) have to be shorter than this. */
const optionBytes = 4096;
/** Of more the kernel says what is wrong only when they are told one by one (OVL_MAX_STACK). */
const mostKernelLowers = 500;

/** The kernel's overlayfs. Paths below `base` are told to it relative to that: more of them fit a page of options. */
export function kernelMounter(base: string): Mounter {
  return {
    mount: async (stack) => {
      const near = (path: string): string =>
        path.startsWith(`${base}/`) ? path.slice(base.length + 1) : path;
      // Without an upper it asks for two.
      const second = stack.upper === undefined && stack.lowers.length === 1 ? stack.empty : undefined;
      const lowers = [...stack.lowers, ...(second === undefined ? [] : [second])];
      const others = [
        ...upperOptions(stack),
        ...(stack.upper === undefined ? [] : ['metacopy=on', 'redirect_dir=on', 'index=on']),
        'xino=auto',
      ];
      const source = newMountSource();
      const text = [`lowerdir=${lowers.map((path) => escape(near(path))).join(':')}`, ...others].join(',');
      if (Buffer.byteLength(text) < optionBytes && lowers.length <= mostKernelLowers) {
        const args = ['-i', '-t', 'overlay', source, '-o', text, stack.target];
        await runChild('mount', args, { cwd: base });
      } else if (takesSingleLowers()) {
        mountOverlay({ lowers, options: others, source, target: stack.target });
      } else {
        throw new UserError(
          'too-many-layers',
          `the paths of ${String(lowers.length)} layers do not fit a page of mount options`,
          { hint: 'Linux 6.7 takes them one by one; --driver strata mounts any number here' },
        );
      }
      return undefined;
    },
  };
}

function upperOptions({ upper, work }: MountStack): string[] {
  if (upper === undefined || work === undefined) return [];
  return [`upperdir=${escape(upper)}`, `workdir=${escape(work)}`];
}

/** How long a server may take to write everything after its mount is gone. */
const serverEndMs = 60_000;
/** How often it is asked whether another mount namespace keeps it at work; most have ended by the first time. */
const copiesSoughtMs = 200;

/** For so long a mount may be busy, pauses alone: who only looks at it, as df(1) and monitors do, has gone by then. */
const lookMs = 1000;

export interface Unmounting {
  /** What is to be taken off; what is on top unless told. */
  readonly tree?: MountedTree | undefined;
  /** Also while programs use it. */
  readonly lazy?: boolean;
}

/**
 * Takes a mount off `target`, as often as it is there, and waits for `server`, which writes to the upper until its end, unless
 * the mount is shown at another place, and stays there. UserError as `takeOffTree`.
 */
export async function unmountTree(
  target: string,
  { server }: { readonly server?: ProcessIdentity | undefined } = {},
): Promise<void> {
  const tree = findMountAt(nameFromText(target));
  await takeOffTree(target, { tree });
  if (tree !== undefined && server !== undefined && !isShown(tree)) await waitForServer(server, tree);
}

/**
 * Takes a mount off `target`, as often as it is there, and waits for nobody. UserError `layer-in-use` where programs use it, or
 * something else is mounted over it.
 */
export async function takeOffTree(
  target: string,
  { lazy = false, ...options }: Unmounting = {},
): Promise<void> {
  const tree = options.tree ?? findMountAt(nameFromText(target));
  if (tree === undefined) return;
  for (let waitedMs = 0; !tryUnmount(target, tree, lazy); waitedMs += 10) {
    if (waitedMs > lookMs) {
      throw new UserError('layer-in-use', `${target} is in use`, {
        hint: `end what uses it (fuser -vm ${target}) and try again`,
      });
    }
    await sleep(10);
  }
}

/** Whether a tree is mounted anywhere in this mount namespace. */
export function isShown(tree: MountedTree): boolean {
  return readMounts().some((entry) => showsTree(entry, tree));
}

export interface ServerWait {
  readonly waitMs?: number;
}

/**
 * Waits for the end of who has served a tree that is not shown in this mount namespace any more. In others it is taken away; where
 * it stays in one, nobody is waited for.
 */
export async function waitForServer(
  server: ProcessIdentity,
  tree: MountedTree,
  { waitMs = serverEndMs }: ServerWait = {},
): Promise<void> {
  for (let waitedMs = 0; isRunning(server) && waitedMs < waitMs; waitedMs += 10) {
    // Again and again, since copies are copied. What others have mounted is theirs everywhere.
    const isSearch = waitedMs > 0 && waitedMs % copiesSoughtMs === 0 && isOwnSource(tree.source);
    if (isSearch && !(await detachCopies(tree))) return;
    await sleep(10);
  }
}

/** Takes `tree` off `target`, as often as it is there; false where it is busy. */
function tryUnmount(target: string, tree: MountedTree, lazy: boolean): boolean {
  const path = nameFromText(target);
  for (;;) {
    const there = readMounts().filter(({ mountPoint }) => mountPoint === path);
    const top = there.at(-1);
    if (top === undefined || !there.some((entry) => showsTree(entry, tree))) return true;
    if (!showsTree(top, tree)) throw covered(target, top);
    try {
      unmountFuse(path, { lazy });
    } catch (cause) {
      if (isFsError(cause, 'EBUSY')) return false;
      // EINVAL: nothing is mounted there any more, or not where the path leads to by now.
      if (isFsError(cause, 'EINVAL') || isFsError(cause, 'ENOENT')) return true;
      throw cause;
    }
  }
}

function covered(target: string, { type, source }: MountEntry): UserError {
  return new UserError(
    'layer-in-use',
    `something else is mounted over ${target} (${type}, ${nameToText(source)})`,
    { hint: `take that away first: umount ${target}` },
  );
}
