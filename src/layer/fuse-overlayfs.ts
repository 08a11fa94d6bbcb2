/**
 * The attributes in which fuse-overlayfs without privileges keeps what it has to say: `opaque` of a
 * directory, `origin` of what it copied up (for its inode numbers; of no use to us). They are honoured in every
 * layer, an upper that it wrote among them, and never written. So that nobody else can have written them
 * in an upper of ours, no client sees, sets or removes one, and none is copied up: in the upper, `opaque` would
 * hide the very layer that it came from.
 */
import { asName, type Name } from '../base/name.ts';

const prefix = 'user.fuseoverlayfs.';

export const fuseOverlayfsOpaque = asName(`${prefix}opaque`);

export function isOfFuseOverlayfs(attribute: Name): boolean {
  return attribute.startsWith(prefix);
}
