/**
 * The connection with the kernel that a mount is served through. Best is one whose mount comes on the tree last
 * of all, when it answers; where the kernel or a security module has no such thing, one that is on the tree from the
 * beginning, by mount(2) or fusermount3. A server that is killed before it serves that leaves a dead mount.
 */
import { isFsError } from '../base/fs-error.ts';
import type { Fd } from '../base/ids.ts';
import type { Name } from '../base/name.ts';
import { UserError } from '../base/user-error.ts';
import { findDetachedMount } from '../os/detached-mount.ts';
import { mountFuse, mountFuseByHelper, openFuseDevice, type FuseMountOptions } from '../os/mount.ts';
import { closeDescriptor } from '../os/own-process.ts';

export interface DetachedConnection {
  readonly device: Fd;
  /** Puts the mount on the tree; false where that is refused. Throws FsError for what is wrong with the target. */
  attach(target: Name): boolean;
  /** Gives up a mount that is not on the tree. */
  close(): void;
}

/** A mount that is not on the tree yet; undefined where it takes mount(2) or fusermount3. UserError `no-fuse`, `no-permission`. */
export function findDetachedConnection(options: FuseMountOptions): DetachedConnection | undefined {
  const device = openDevice();
  const mount = findDetachedMount(device, options);
  if (mount === undefined) {
    closeDescriptor(device);
    return undefined;
  }
  return {
    device,
    attach: (target) => {
      try {
        mount.attach(target);
        return true;
      } catch (thrown) {
        if (refusals.some((code) => isFsError(thrown, code))) return false;
        throw thrown;
      }
    },
    close: () => {
      mount.close();
    },
  };
}

const refusals = ['EPERM', 'EACCES', 'EINVAL', 'ENOSYS'] as const;

/** The device of a mount that is on the tree already: by mount(2) where that is allowed, else through fusermount3. */
export function mountAtOnce(options: FuseMountOptions): Fd {
  const device = openDevice();
  try {
    mountFuse(device, options);
    return device;
  } catch (thrown) {
    closeDescriptor(device);
    if (!isFsError(thrown, 'EPERM')) throw thrown;
  }
  return mountFuseByHelper(options);
}

function openDevice(): Fd {
  try {
    return openFuseDevice();
  } catch (cause) {
    if (isFsError(cause, 'ENOENT') || isFsError(cause, 'ENODEV') || isFsError(cause, 'ENXIO')) {
      throw new UserError('no-fuse', 'there is no /dev/fuse', {
        hint: 'load the module (modprobe fuse), or pass the device into the container (--device /dev/fuse)',
        cause,
      });
    }
    if (isFsError(cause, 'EACCES') || isFsError(cause, 'EPERM')) {
      throw new UserError('no-permission', 'no permission to open /dev/fuse', {
        hint: 'make it readable and writable for this user, or mount as root',
        cause,
      });
    }
    throw cause;
  }
}
