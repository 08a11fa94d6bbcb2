/**
 * Who mounts a stack of directories: our own server, or the kernel's overlayfs. Everything else about the drivers
 * `strata` and `overlay2` is the same, down to the last byte on the disk.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { isFsError } from '../../base/fs-error.ts';
import { nameFromText } from '../../base/name.ts';
import { UserError } from '../../base/user-error.ts';
import { startMountServer } from '../../os/mount-server.ts';
import { unmountFuse } from '../../os/mount.ts';
import { escape } from '../../os/option-list.ts';
import { findProcess, isRunning, type ProcessIdentity } from '../../os/process-identity.ts';
import { runChild } from '../child.ts';

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

/** What /proc/mounts shows as the device. */
export const mountSource = 'strata';

/** Our own mount: any number of layers, no privileges beyond /dev/fuse. */
export const stratafsMounter: Mounter = {
  mount: async (stack) => {
    const options = [
      `lowerdir=${stack.lowers.map(escape).join(':')}`,
      ...upperOptions(stack),
      `fsname=${mountSource}`,
    ];
    const server = await startMountServer({ options: options.join(','), mountPoint: stack.target });
    return findProcess(server.pid);
  },
};

/** What one page of options holds, and no more (mount(2)): links of 28 bytes each are counted on. */
const mostKernelLowers = 128;

/** The kernel's overlayfs. Paths below `base` are told to it relative to that: all options must fit a page. */
export function kernelMounter(base: string): Mounter {
  return {
    mount: async (stack) => {
      if (stack.lowers.length > mostKernelLowers) {
        throw new UserError(
          'too-many-layers',
          `overlay2 mounts ${String(mostKernelLowers)} layers at most, and these are ${String(stack.lowers.length)}`,
          { hint: 'their paths must fit one page of mount options; --driver strata mounts any number' },
        );
      }
      const near = (path: string): string =>
        path.startsWith(`${base}/`) ? path.slice(base.length + 1) : path;
      // Without an upper it asks for two.
      const second = stack.upper === undefined && stack.lowers.length === 1 ? stack.empty : undefined;
      const lowers = [...stack.lowers, ...(second === undefined ? [] : [second])];
      const options = [
        `lowerdir=${lowers.map((path) => escape(near(path))).join(':')}`,
        ...upperOptions(stack),
        ...(stack.upper === undefined ? [] : ['metacopy=on', 'redirect_dir=on', 'index=on']),
        'xino=auto',
      ];
      await runChild('mount', ['-i', '-t', 'overlay', mountSource, '-o', options.join(','), stack.target], {
        cwd: base,
      });
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

/**
 * Takes the mount off `target` and waits for its server, which writes to the upper until its end. UserError
 * `layer-in-use` where programs use it.
 */
export async function unmountTree(target: string, server: ProcessIdentity | undefined): Promise<void> {
  try {
    unmountFuse(nameFromText(target), { lazy: false });
  } catch (cause) {
    if (isFsError(cause, 'EBUSY')) {
      throw new UserError('layer-in-use', `${target} is in use`, {
        hint: `end what uses it (fuser -vm ${target}) and try again`,
        cause,
      });
    }
    // EINVAL: nothing is mounted there any more.
    if (!isFsError(cause, 'EINVAL') && !isFsError(cause, 'ENOENT')) throw cause;
  }
  for (
    let waitedMs = 0;
    server !== undefined && isRunning(server) && waitedMs < serverEndMs;
    waitedMs += 10
  ) {
    await sleep(10);
  }
}
