/**
 * What is told where the system refuses a copy for want of permission: that something cannot be read, or else that the target
 * cannot be written. Which of the two it is, is asked afterwards, since a copy that succeeds is not to pay for it.
 */
import { isFsError } from '../base/fs-error.ts';
import { nameToText, type Name } from '../base/name.ts';
import { asUnreadable } from '../base/unreadable.ts';
import { UserError } from '../base/user-error.ts';
import { O_NOFOLLOW, O_RDONLY, S_IFDIR, S_IFMT, S_IFREG } from '../os/constants.ts';
import { st, type HostFs } from '../os/host-fs.ts';
import type { Place } from './copy-object.ts';

/** What a person calls the two ends; empty: what is in the source is named from there on. */
export interface Called {
  readonly from: string;
  readonly to: string;
}

/** UserError `unreadable` where the object at `place`, `path` below the source, is what was refused; else `cause` as it is. */
export function asUnreadableSource(
  cause: unknown,
  { fs, called }: { readonly fs: HostFs; readonly called: Called },
  place: Place,
  path: Name,
): unknown {
  if (!isFsError(cause, 'EACCES') || mayBeRead(fs, place)) return cause;
  return asUnreadable(cause, [called.from, nameToText(path)].filter((part) => part !== '').join('/'));
}

/** UserError `unwritable` for what is refused and was not told by the other; else `cause` as it is. */
export function asUnwritable(cause: unknown, { to }: Called): unknown {
  if (!isFsError(cause, 'EACCES') && !isFsError(cause, 'EPERM')) return cause;
  return new UserError('unwritable', `no permission to write to ${to} (${cause.code})`, {
    hint: 'take a user who may, root above all',
    cause,
  });
}

function mayBeRead(fs: HostFs, { directory, name }: Place): boolean {
  try {
    if (!fs.findStatx(directory, name)) return true;
    const type = (fs.stat[st.mode] ?? 0) & S_IFMT;
    // To open a device is to do something with it.
    if (type !== S_IFREG && type !== S_IFDIR) return true;
    const flags = O_RDONLY | O_NOFOLLOW;
    fs.close(name === '' ? fs.reopen(directory, O_RDONLY) : fs.openat(directory, name, flags, 0));
    return true;
  } catch (thrown) {
    return !isFsError(thrown, 'EACCES');
  }
}
