/**
 * Copies the extended attributes of an object to its copy in the upper: access control lists,
 * capabilities, security labels and whatever else there is, but not the union's own, nor those of
 * fuse-overlayfs. Escaped ones of a nested overlay stay escaped, since both ends are on disk. What the upper's file system cannot
 * hold is left out, except lists and `security.*`, without which the copy would be more open than the
 * object: then the copy-up fails. Labels and signatures are the host's, who gives the copy its own where it cannot take those of the
 * object. Source: fs/overlayfs/copy_up.c, `ovl_copy_xattr`, where security modules leave theirs out
 * (`security_inode_copy_up_xattr`).
 */
import { isFsError } from '../base/fs-error.ts';
import type { Fd } from '../base/ids.ts';
import type { Name } from '../base/name.ts';
import type { HostFs } from '../os/host-fs.ts';
import { isAcl } from './acl.ts';
import { isPrivate } from './escape.ts';
import { isOfFuseOverlayfs } from './fuse-overlayfs.ts';
import type { OverlayNames } from './xattr-names.ts';

/** Of SELinux, and of IMA and EVM. */
const hostsOwn: ReadonlySet<string> = new Set(['security.selinux', 'security.ima', 'security.evm']);

/**
 * Set the owner before (chown drops capabilities) and the mode after (a list changes it): EOPNOTSUPP
 * where the upper cannot hold a list or a `security.*` attribute of the object.
 */
export function copyXattrs(
  fs: HostFs,
  fromDir: Fd,
  fromName: Name,
  toDir: Fd,
  toName: Name,
  names: OverlayNames,
): void {
  for (const attribute of fs.listXattrs(fromDir, fromName)) {
    if (!isCarried(attribute, names)) continue;
    const value = fs.findXattr(fromDir, fromName, attribute);
    // Removed since the list was made, or listed by a file system that does not give it out.
    if (value === undefined) continue;
    try {
      fs.setXattr(toDir, toName, attribute, value, 0);
    } catch (error) {
      // EPERM: kept as a `user.*` attribute, which only files and directories take.
      const isLost = isFsError(error, 'EOPNOTSUPP') || (hostsOwn.has(attribute) && isFsError(error, 'EPERM'));
      if (!isLost || mustCopy(attribute)) throw error;
    }
  }
}

/** Whether two objects have the same of those attributes that a copy takes. */
export function haveSameXattrs(
  fs: HostFs,
  [dir, name]: readonly [Fd, Name],
  [otherDir, otherName]: readonly [Fd, Name],
  names: OverlayNames,
): boolean {
  const carried = (list: readonly Name[]): Name[] =>
    list.filter((attribute) => isCarried(attribute, names)).sort();
  const own = carried(fs.listXattrs(dir, name));
  const others = carried(fs.listXattrs(otherDir, otherName));
  return (
    own.length === others.length &&
    own.every((attribute, at) => {
      const value = fs.findXattr(dir, name, attribute);
      const other = fs.findXattr(otherDir, otherName, attribute);
      return attribute === others[at] && value !== undefined && other !== undefined && value.equals(other);
    })
  );
}

function isCarried(attribute: Name, names: OverlayNames): boolean {
  return !isPrivate(attribute, names) && !isOfFuseOverlayfs(attribute);
}

/** Lists and `security.*`: without them the copy would be more open than the object. */
export function mustCopy(attribute: Name): boolean {
  return isAcl(attribute) || (attribute.startsWith('security.') && !hostsOwn.has(attribute));
}
