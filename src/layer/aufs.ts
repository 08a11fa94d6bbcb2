/**
 * The whiteouts of AUFS, which are names: `.wh.NAME` hides NAME, and `.wh..wh..opq` makes its
 * directory opaque. Layer archives (OCI image specification, layer.md, "Whiteouts") use them, and
 * podman leaves them in the layer directories of a mount program, which podman and Docker also mount as
 * an upper, to compare it with the layer below. No client can make such a name where they are honoured.
 */
import { asName, type Name } from '../base/name.ts';

const prefix = '.wh.';
/** What begins so is AUFS's own business: `.wh..wh.plnk`, `.wh..wh.aufs`, `.wh..wh..opq`. */
const metaPrefix = '.wh..wh.';
const opaqueName = '.wh..wh..opq';

/** Whether a name is any of AUFS's marks, a whiteout or its own business: none is ever shown. */
export function isAufsMetadata(name: Name): boolean {
  return name.startsWith(prefix);
}

/** Whether the name makes the directory that holds it opaque. */
export function isAufsOpaque(name: Name): boolean {
  return name === opaqueName;
}

/** The name that `.wh.NAME` hides; undefined for any other name, AUFS's hidden metadata included. */
export function aufsWhiteoutTarget(name: Name): Name | undefined {
  if (!name.startsWith(prefix) || name.startsWith(metaPrefix) || name.length === prefix.length)
    return undefined;
  return asName(name.slice(prefix.length));
}

/** All names that the whiteouts among `names` hide. */
export function aufsWhiteoutTargets(names: readonly Name[]): Name[] {
  return names.map(aufsWhiteoutTarget).filter((target) => target !== undefined);
}

/** The name of the whiteout that hides `name`; longer than 255 bytes means that there can be none. */
export function aufsWhiteoutName(name: Name): Name {
  return asName(prefix + name);
}

/** The name of the opaque mark. */
export const aufsOpaqueName: Name = asName(opaqueName);
