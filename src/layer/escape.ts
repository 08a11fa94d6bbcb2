/**
 * How a client of the union can have attributes of the name `overlay.*` itself: an overlay mounted
 * on top of this one needs them. On disk they get a second `overlay.` (`trusted.overlay.opaque`
 * becomes `trusted.overlay.overlay.opaque`), so that no client ever reads or forges the union's
 * own. Only the namespace in use is escaped: with `trusted.overlay.` a client's `user.overlay.*` is
 * stored as it is, and the other way round. Source: fs/overlayfs/xattrs.c, since Linux 6.7.
 */
import { asName, type Name } from '../base/name.ts';
import type { OverlayNames } from './xattr-names.ts';

const escape = 'overlay.';

/** XATTR_NAME_MAX (include/uapi/linux/limits.h). */
const nameMax = 255;

/**
 * The name on disk of the attribute that a client calls `name`. It can come out longer than the 255
 * bytes that a name may have: the system call then answers ERANGE, and the kernel's overlayfs
 * EOPNOTSUPP (see `fitsWhenStored`).
 */
export function toStored(name: Name, names: OverlayNames): Name {
  const { prefix } = names;
  if (!name.startsWith(prefix)) return name;
  return asName(prefix + escape + name.slice(prefix.length));
}

/** Whether `toStored` gives a name that the system takes; false means EOPNOTSUPP for the client. */
export function fitsWhenStored(name: Name, names: OverlayNames): boolean {
  return !name.startsWith(names.prefix) || name.length + escape.length <= nameMax;
}

/**
 * The client's name of an attribute found on disk; undefined for one of the union's own, which no
 * client may see.
 */
export function toClient(stored: Name, names: OverlayNames): Name | undefined {
  const { prefix } = names;
  if (!stored.startsWith(prefix)) return stored;
  if (!stored.startsWith(escape, prefix.length)) return undefined;
  return asName(prefix + stored.slice(prefix.length + escape.length));
}

/** Whether an attribute on disk is one of the union's own: it is neither shown nor copied up. */
export function isPrivate(stored: Name, names: OverlayNames): boolean {
  const { prefix } = names;
  return stored.startsWith(prefix) && !stored.startsWith(escape, prefix.length);
}
