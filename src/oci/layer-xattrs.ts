/**
 * Which extended attributes of a layer on disk are in its tar, under which names, and back. The union's own
 * marks are never there: they say something of this disk alone, and what a stranger wrote under their names must not
 * be believed. A client's attributes of such names (an overlay inside the union has them) are in the tar as the
 * client sees them, and on disk escaped (`layer/escape.ts`). Those of the other of both namespaces, and of
 * fuse-overlayfs, are dropped in either direction: as soon as the layer were mounted the other way, they would
 * be marks. So are labels that only the host that made them understands.
 */
import type { Name } from '../base/name.ts';
import { fitsWhenStored, toClient, toStored } from '../layer/escape.ts';
import { isOfFuseOverlayfs } from '../layer/fuse-overlayfs.ts';
import { overlayNames, type OverlayNames } from '../layer/xattr-names.ts';

/** A policy's label, and a signature over the inode number among others. */
const ofThisHost: ReadonlySet<string> = new Set(['security.selinux', 'security.evm']);

/** The name in the tar of an attribute on disk; undefined where it stays out. */
export function tarXattrName(stored: Name, names: OverlayNames): Name | undefined {
  return isForeignMark(stored, names) ? undefined : toClient(stored, names);
}

/** The same of a tree that is no layer, in which all attributes are somebody's own. */
export function plainXattrName(attribute: Name): Name | undefined {
  return isForeignMark(attribute, overlayNames(false)) ? undefined : attribute;
}

/** The name on disk of an attribute in a tar; undefined where it is dropped. */
export function diskXattrName(inTar: Name, names: OverlayNames): Name | undefined {
  if (isForeignMark(inTar, names) || !fitsWhenStored(inTar, names)) return undefined;
  return toStored(inTar, names);
}

/** Only the host that made it understands it. */
export function isOfThisHost(attribute: Name): boolean {
  return ofThisHost.has(attribute);
}

function isForeignMark(attribute: Name, names: OverlayNames): boolean {
  const other = overlayNames(!names.user);
  return attribute.startsWith(other.prefix) || isOfFuseOverlayfs(attribute) || isOfThisHost(attribute);
}
