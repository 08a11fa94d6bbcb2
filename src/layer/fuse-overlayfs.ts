/**
 * The attributes in which fuse-overlayfs without privileges, and containers/storage, keep what they have to say:
 * `opaque` of a directory, `origin` of what was copied up (for its inode numbers; of no use to us), owners and
 * modes (`override-stat.ts`). They are honoured in every layer, an upper that they wrote among them. So that nobody
 * else can have written them in an upper of ours, no client sees, sets or removes one, and none is copied up: in
 * the upper, `opaque` would hide the very layer that it came from.
 */
import { asName, type Name } from '../base/name.ts';

const prefix = 'user.fuseoverlayfs.';
const prefixes = [prefix, 'security.fuseoverlayfs.', 'user.containers.override_'] as const;

export const fuseOverlayfsOpaque = asName(`${prefix}opaque`);

export function isOfFuseOverlayfs(attribute: Name): boolean {
  return prefixes.some((one) => attribute.startsWith(one));
}
