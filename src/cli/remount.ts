/**
 * `-o remount`: other flags for a mount that is there, as mount(8) asks for through its helpers. Flags are the
 * kernel's, so its server has no part in it. Options for layers that come along, from fstab(5), change nothing, as with
 * the kernel's overlayfs.
 */
import { isFsError } from '../base/fs-error.ts';
import { nameToText, type Name } from '../base/name.ts';
import { UserError } from '../base/user-error.ts';
import { remountFuse } from '../os/mount.ts';
import { findMountAt } from '../os/mountinfo.ts';
import { flagsOf } from './flag-options.ts';
import { checkMountPoint } from './mount-checks.ts';
import type { MountFlags } from './mount-spec.ts';

/** UserError `not-mounted`, `no-permission`, `busy`, and those of `checkMountPoint`. */
export function remount(mountPoint: Name, { set, cleared }: Pick<MountFlags, 'set' | 'cleared'>): void {
  const at = checkMountPoint(mountPoint).realPath;
  const shown = nameToText(at);
  const mounted = findMountAt(at);
  if (mounted?.type.startsWith('fuse') !== true) {
    throw new UserError('not-mounted', `no stratafs is mounted at ${shown}`, {
      hint: 'leave out remount to mount one',
    });
  }
  try {
    remountFuse(at, (flagsOf(mounted) & ~cleared) | set);
  } catch (cause) {
    if (isFsError(cause, 'EPERM')) {
      throw new UserError('no-permission', `no permission to change the flags of ${shown}`, {
        hint: 'only root may; another user can unmount it, and mount it anew',
        cause,
      });
    }
    if (!isFsError(cause, 'EBUSY')) throw cause;
    throw new UserError('busy', `${shown} is busy: a file is open for writing there`, {
      hint: `fuser -vm ${shown} names the processes that use it`,
      cause,
    });
  }
}
