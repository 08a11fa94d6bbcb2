/**
 * The kernel's overlayfs with more lower directories than a page of mount options holds: they are told one by one
 * through fsconfig(2), which Linux 6.7 takes.
 */
import { readSync } from 'node:fs';
import { errno } from '../base/errno.ts';
import { FsError } from '../base/fs-error.ts';
import { nameFromText } from '../base/name.ts';
import { UserError } from '../base/user-error.ts';
import { getAddon } from './addon.ts';
import {
  FSCONFIG_CMD_CREATE,
  FSCONFIG_SET_STRING,
  FSMOUNT_CLOEXEC,
  FSOPEN_CLOEXEC,
  MOVE_MOUNT_F_EMPTY_PATH,
  MOVE_MOUNT_T_AUTOMOUNTS,
} from './constants.ts';

export interface OverlayMount {
  /** From the top; absolute. */
  readonly lowers: readonly string[];
  /** Everything else, as the file system wants it: `upperdir=/a`, `xino=auto`. */
  readonly options: readonly string[];
  readonly source: string;
  /** An existing directory. */
  readonly target: string;
}

/** What fsconfig(2) takes in one string, its end included. */
const stringBytes = 256;

/**
 * Whether the kernel takes lower directories one by one. One that does looks for the directory; those before it
 * do not know the option, or, before Linux 6.5, take any.
 */
export function takesSingleLowers(): boolean {
  const native = getAddon();
  const context = native.fsopen('overlay', FSOPEN_CLOEXEC);
  if (context < 0) return false;
  try {
    return native.fsconfig(context, FSCONFIG_SET_STRING, 'lowerdir+', '/dev/null/none') === -errno.ENOTDIR;
  } finally {
    native.close(context);
  }
}

/**
 * Mounts it. UserError `overlay-refused` with what the kernel says (500 lower directories are its most),
 * `long-path`. Nothing is left then.
 */
export function mountOverlay({ lowers, options, source, target }: OverlayMount): void {
  const native = getAddon();
  const context = native.fsopen('overlay', FSOPEN_CLOEXEC);
  if (context < 0) throw new FsError(-context, { syscall: 'fsopen' });
  try {
    const set = (key: string, value: string): void => {
      if (Buffer.byteLength(value) >= stringBytes)
        throw new UserError('long-path', `the kernel takes no layer with a path as long as ${value}`, {
          hint: 'choose a directory with a shorter path, or --driver strata',
        });
      const done = native.fsconfig(context, FSCONFIG_SET_STRING, key, nameFromText(value));
      if (done < 0) throw refused(context, done, target);
    };
    set('source', source);
    for (const lower of lowers) set('lowerdir+', lower);
    for (const option of options) {
      const [key = '', value = ''] = option.split(/=(.*)/s);
      set(key, value);
    }
    const created = native.fsconfig(context, FSCONFIG_CMD_CREATE, '', '');
    if (created < 0) throw refused(context, created, target);
    const mount = native.fsmount(context, FSMOUNT_CLOEXEC, 0);
    if (mount < 0) throw refused(context, mount, target);
    const flags = MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_AUTOMOUNTS;
    const moved = native.moveMount(mount, nameFromText(target), flags);
    native.close(mount);
    if (moved < 0) throw new FsError(-moved, { syscall: 'move_mount', path: target });
  } finally {
    native.close(context);
  }
}

/** The last line of the context's log is the reason. */
function refused(context: number, result: number, target: string): UserError {
  const cause = new FsError(-result, { syscall: 'fsconfig', path: target });
  const line = Buffer.alloc(1024);
  let reason = cause.message;
  try {
    // One message a read: `e overlay: too many lower directories, limit is 500` (fs/fsopen.c).
    for (;;) {
      const length = readSync(context, line);
      if (length > 0) reason = line.toString('utf8', 2, length).trim();
      if (length <= 0) break;
    }
  } catch {
    // ENODATA: that was the last.
  }
  return new UserError('overlay-refused', `the kernel does not mount ${target}: ${reason}`, {
    hint: '--driver strata mounts any number of layers',
    cause,
  });
}
