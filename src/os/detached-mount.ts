/**
 * A FUSE file system that is mounted and not on the tree yet. The kernel begins to speak with its server at
 * once, so that it can be served before anybody sees it; and as long as nobody does, it goes with the last
 * descriptor of it: a server that is killed leaves nothing.
 */
import { FsError } from '../base/fs-error.ts';
import type { Fd } from '../base/ids.ts';
import { nameToText, type Name } from '../base/name.ts';
import { getAddon } from './addon.ts';
import { attributesOf, superFlagsOf } from './mount-attributes.ts';
import {
  FSCONFIG_CMD_CREATE,
  FSCONFIG_SET_FLAG,
  FSCONFIG_SET_STRING,
  FSMOUNT_CLOEXEC,
  FSOPEN_CLOEXEC,
  MOVE_MOUNT_F_EMPTY_PATH,
  MOVE_MOUNT_T_AUTOMOUNTS,
} from './constants.ts';
import { fuseOptions, type FuseMountOptions } from './mount.ts';

export interface DetachedMount {
  /** Puts it on the tree at `target`. Throws FsError; EPERM, EACCES, EINVAL and ENOSYS may mean that mount(2) would do. */
  attach(target: Name): void;
  /** Gives it up if it is not on the tree. */
  close(): void;
}

/**
 * Mounts the connection `device` without a place. Undefined where that is refused, for whatever reason: mount(2)
 * tells which, on another device (this one may be taken).
 */
export function findDetachedMount(device: Fd, options: FuseMountOptions): DetachedMount | undefined {
  const native = getAddon();
  const context = native.fsopen('fuse', FSOPEN_CLOEXEC);
  if (context < 0) return undefined;
  let mount: number;
  try {
    if (!configure(context, device, options)) return undefined;
    mount = native.fsmount(context, FSMOUNT_CLOEXEC, attributesOf(options.flags));
    if (mount < 0) return undefined;
  } finally {
    native.close(context);
  }
  let isOpen = true;
  const close = (): void => {
    if (isOpen) native.close(mount);
    isOpen = false;
  };
  return {
    attach: (target) => {
      const moved = native.moveMount(mount, target, MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_AUTOMOUNTS);
      if (moved < 0) throw new FsError(-moved, { syscall: 'move_mount', path: nameToText(target) });
      // It would be busy.
      close();
    },
    close,
  };
}

function configure(context: number, device: Fd, options: FuseMountOptions): boolean {
  const native = getAddon();
  const words = [
    `source=${options.source}`,
    `subtype=${options.subtype}`,
    ...superFlagsOf(options.flags),
    ...fuseOptions(device, options),
  ];
  for (const word of words) {
    const [key = '', value] = word.split(/=(.*)/s);
    const command = value === undefined ? FSCONFIG_SET_FLAG : FSCONFIG_SET_STRING;
    // In a list of options a label stands in quotes, since it may hold commas.
    const plain = value?.replace(/^"(.*)"$/s, '$1') ?? '';
    if (native.fsconfig(context, command, key, plain) < 0) return false;
  }
  return native.fsconfig(context, FSCONFIG_CMD_CREATE, '', '') >= 0;
}
