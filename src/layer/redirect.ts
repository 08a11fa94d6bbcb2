/**
 * The redirect of a directory that was renamed while its content stayed below, and of a metacopy
 * file whose data lies under another name. A value is one name, in the same lower directories, or an
 * absolute path from the layers' roots. A layer is hostile input: what is no plain list of names is
 * refused as a whole, so that nobody walks `..` or out of a layer with it. Source:
 * fs/overlayfs/util.c, `ovl_get_redirect_xattr`; the kernel, too, fails the lookup (EINVAL).
 */
import type { Fd } from '../base/ids.ts';
import { asName, type Name } from '../base/name.ts';
import { NAME_MAX, PATH_MAX } from '../os/constants.ts';
import type { HostFs } from '../os/host-fs.ts';
import { findOwnXattr } from './own-xattr.ts';
import type { OverlayNames } from './xattr-names.ts';

export interface Redirect {
  readonly invalid: false;
  /** From the layers' roots; otherwise `components` is one name in the same directory. */
  readonly absolute: boolean;
  /** At least one; each a valid file name. */
  readonly components: readonly Name[];
}

/** A value that must not be followed: the object's lookup fails with EINVAL, as the kernel's does. */
export interface InvalidRedirect {
  readonly invalid: true;
  readonly value: Name;
}

/** undefined where the object has none. */
export function readRedirect(
  fs: HostFs,
  dir: Fd,
  name: Name,
  names: OverlayNames,
): Redirect | InvalidRedirect | undefined {
  const value = findOwnXattr(fs, dir, name, names.redirect, names);
  return value === undefined ? undefined : parseRedirect(asName(value.toString('latin1')));
}

/** As it is stored. */
export function valueOf({ absolute, components }: Redirect): Name {
  return absolute ? absoluteRedirect(components) : (components[0] as Name);
}

/** What a stored value means. */
export function parseRedirect(value: Name): Redirect | InvalidRedirect {
  if (value.length === 0 || value.length >= PATH_MAX) return { invalid: true, value };
  const absolute = value.startsWith('/');
  const components = absolute ? value.slice(1).split('/') : [value];
  for (const component of components) {
    if (!isFileName(component)) return { invalid: true, value };
  }
  return { invalid: false, absolute, components: components as Name[] };
}

/**
 * A path in the layers below, once the component of `path` that `rest` others follow has turned out to have
 * a redirect.
 */
export function pathBelow(path: readonly Name[], rest: number, redirect: Redirect): Name[] {
  const before = redirect.absolute ? [] : path.slice(0, path.length - rest - 1);
  return [...before, ...redirect.components, ...path.slice(path.length - rest)];
}

/** The value of a redirect from the layers' roots. At least one component. */
export function absoluteRedirect(components: readonly Name[]): Name {
  return asName(`/${components.join('/')}`);
}

/** Writes a redirect: a file name, or `absoluteRedirect`. EOPNOTSUPP where it cannot be stored. */
export function setRedirect(fs: HostFs, dir: Fd, name: Name, value: Name, names: OverlayNames): void {
  fs.setXattr(dir, name, names.redirect, Buffer.from(value, 'latin1'), 0);
}

/** Takes the redirect away; false where there was none. */
export function removeRedirect(fs: HostFs, dir: Fd, name: Name, names: OverlayNames): boolean {
  return fs.findRemoveXattr(dir, name, names.redirect);
}

function isFileName(component: string): boolean {
  return (
    component.length > 0 &&
    component.length <= NAME_MAX &&
    component !== '.' &&
    component !== '..' &&
    !component.includes('/') &&
    !component.includes('\0')
  );
}
