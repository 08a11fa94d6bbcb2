/**
 * POSIX access control lists as their extended attributes hold them: a version word and entries of
 * eight bytes, little-endian (include/uapi/linux/posix_acl_xattr.h). The union needs one thing of
 * them: what a new object inherits from the default list of its directory, because the object is
 * made in the work directory, where no such list is. Source: fs/posix_acl.c, `posix_acl_create` and
 * `posix_acl_create_masq`.
 */
import { fsError } from '../base/fs-error.ts';
import { asName, type Name } from '../base/name.ts';

/** The list that says who may do what. */
export const aclAccess: Name = asName('system.posix_acl_access');
/** The list that a directory hands down to what is made in it. */
export const aclDefault: Name = asName('system.posix_acl_default');

export function isAcl(attribute: Name): boolean {
  return attribute === aclAccess || attribute === aclDefault;
}

/** Tags of entries (include/linux/posix_acl.h). */
export const aclTag = {
  userObj: 0x01,
  user: 0x02,
  groupObj: 0x04,
  group: 0x08,
  mask: 0x10,
  other: 0x20,
} as const;

export interface AclEntry {
  /** One of `aclTag`. */
  readonly tag: number;
  /** Three bits: rwx. */
  readonly perm: number;
  /** The user or group; 0xffffffff where the tag names none. */
  readonly id: number;
}

export interface Inherited {
  /** The mode that the object gets: its type, set-id and sticky bits are those asked for. */
  readonly mode: number;
  /** Set on the object, where its mode alone does not say it all. */
  readonly access?: Buffer;
  /** Set on a directory, which hands it on. */
  readonly default?: Buffer;
}

const version = 2;
const headerLength = 4;
const entryLength = 8;

/** The entries of a list; undefined where the bytes are no list. */
export function parseAcl(value: Buffer): AclEntry[] | undefined {
  const { length } = value;
  if (length < headerLength || (length - headerLength) % entryLength !== 0) return undefined;
  if (value.readUInt32LE(0) !== version) return undefined;
  const entries: AclEntry[] = [];
  for (let offset = headerLength; offset < length; offset += entryLength) {
    entries.push({
      tag: value.readUInt16LE(offset),
      perm: value.readUInt16LE(offset + 2) & 7,
      id: value.readUInt32LE(offset + 4),
    });
  }
  return entries;
}

/** The bytes of a list. */
export function formatAcl(entries: readonly AclEntry[]): Buffer {
  const value = Buffer.alloc(headerLength + entries.length * entryLength);
  value.writeUInt32LE(version, 0);
  let offset = headerLength;
  for (const entry of entries) {
    value.writeUInt16LE(entry.tag, offset);
    value.writeUInt16LE(entry.perm, offset + 2);
    value.writeUInt32LE(entry.id, offset + 4);
    offset += entryLength;
  }
  return value;
}

/** The permissions that a file with this list has; undefined where the bytes are no list. */
export function modeOfAcl(value: Buffer): number | undefined {
  const entries = parseAcl(value);
  if (entries === undefined) return undefined;
  const groupTag = groupClassOf(entries);
  return entries.reduce((mode, { tag, perm }) => {
    const shift = findShift(tag, groupTag);
    return shift === undefined ? mode : mode | (perm << shift);
  }, 0);
}

/** The list after a chmod (fs/posix_acl.c, `__posix_acl_chmod_masq`); what is no list stays as it is. */
export function aclWithMode(value: Buffer, mode: number): Buffer {
  const entries = parseAcl(value);
  if (entries === undefined) return value;
  const groupTag = groupClassOf(entries);
  return formatAcl(
    entries.map((entry) => {
      const shift = findShift(entry.tag, groupTag);
      return shift === undefined ? entry : { ...entry, perm: (mode >> shift) & 7 };
    }),
  );
}

/** The entry for which the group's bits of a mode stand. */
function groupClassOf(entries: readonly AclEntry[]): number {
  return entries.some(({ tag }) => tag === aclTag.mask) ? aclTag.mask : aclTag.groupObj;
}

/** Where in a mode the permissions of such an entry stand; undefined for one of which a mode knows nothing. */
function findShift(tag: number, groupTag: number): number | undefined {
  if (tag === aclTag.userObj) return 6;
  if (tag === groupTag) return 3;
  return tag === aclTag.other ? 0 : undefined;
}

/** The same list with other ids; what is no list stays as it is, for the system to refuse. */
export function mapAclIds(
  value: Uint8Array,
  user: (id: number) => number,
  group: (id: number) => number,
): Buffer {
  const mapped = Buffer.from(value);
  const entries = parseAcl(mapped);
  if (entries === undefined) return mapped;
  return formatAcl(
    entries.map((entry) => {
      if (entry.tag === aclTag.user) return { ...entry, id: user(entry.id) };
      if (entry.tag === aclTag.group) return { ...entry, id: group(entry.id) };
      return entry;
    }),
  );
}

/**
 * What an object of `mode` (the one asked for, umask not applied: a default list stands in its place)
 * gets from the default list of its directory. Not for symbolic links, which inherit nothing. A
 * directory without a default list is the caller's case: mode & ~umask. EIO where the bytes are no
 * list.
 */
export function inherit(defaultAcl: Buffer, mode: number, isDirectory: boolean): Inherited {
  const entries = parseAcl(defaultAcl);
  if (entries === undefined) throw fsError('EIO', { syscall: 'posix_acl_create' });
  const groupTag = groupClassOf(entries);
  let permissions = mode & 0o777;
  let extended = false;
  let groupSeen = false;
  const access: AclEntry[] = [];
  for (const entry of entries) {
    const { tag } = entry;
    let { perm } = entry;
    if (tag === aclTag.userObj) {
      perm &= mode >> 6;
      permissions &= (perm << 6) | 0o077;
    } else if (tag === aclTag.other) {
      perm &= mode;
      permissions &= perm | 0o770;
    } else if (tag === groupTag) {
      groupSeen = true;
      perm &= mode >> 3;
      permissions &= (perm << 3) | 0o707;
    }
    extended ||= tag === aclTag.user || tag === aclTag.group || tag === aclTag.mask;
    access.push({ tag, perm, id: entry.id });
  }
  if (!groupSeen) throw fsError('EIO', { syscall: 'posix_acl_create' });
  return {
    mode: (mode & ~0o777) | permissions,
    ...(extended ? { access: formatAcl(access) } : {}),
    ...(isDirectory ? { default: defaultAcl } : {}),
  };
}
