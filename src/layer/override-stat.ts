/**
 * Owner, mode, type and device number of an object in an attribute of it, for layers that are written by
 * somebody who may not give files away: `0:0:04755:file`, `0:5:0620:char-4-1`. An attribute of that name on
 * the root of a layer says that the layer is kept so. Three names are in use: fuse-overlayfs with
 * `xattr_permissions=1` writes `security.fuseoverlayfs.override_stat` as root, containers/storage and
 * `xattr_permissions=2` write `user.containers.override_stat`, and older versions
 * `user.fuseoverlayfs.override_stat`. The text is that of containers/storage (pkg/idtools,
 * `FormatContainersOverrideXattrDevice`); fuse-overlayfs up to 1.14 reads the first three fields of it.
 */
import type { Fd } from '../base/ids.ts';
import { asName, type Name } from '../base/name.ts';
import * as os from '../os/constants.ts';
import type { HostFs } from '../os/host-fs.ts';

export interface OverrideFormat {
  readonly attribute: Name;
  /**
   * Nobody but the owner is needed to write it, but only regular files and directories can carry it: what is neither is
   * kept as an empty regular file. Otherwise it is root's, and what is neither has its owner and mode itself.
   */
  readonly forAnyone: boolean;
  /**
   * `security.*` attributes are written as `user.containers.override_security.*`. Who unpacks a layer as root may leave them as they are
   * (containers/storage does so with file capabilities): where there is none of that name, the plain one holds.
   */
  readonly keepsSecurity: boolean;
}

const formats = {
  privileged: {
    attribute: asName('security.fuseoverlayfs.override_stat'),
    forAnyone: false,
    keepsSecurity: false,
  },
  containers: { attribute: asName('user.containers.override_stat'), forAnyone: true, keepsSecurity: true },
  older: { attribute: asName('user.fuseoverlayfs.override_stat'), forAnyone: true, keepsSecurity: false },
} as const satisfies Record<string, OverrideFormat>;

/** The format that `xattr_permissions=` of fuse-overlayfs asks for; undefined for 0. */
export function overrideFormatOf(permissions: 0 | 1 | 2): OverrideFormat | undefined {
  if (permissions === 0) return undefined;
  return permissions === 1 ? formats.privileged : formats.containers;
}

/** How the layer with the root (dir, name) is kept; undefined where its inodes say it all. */
export function findOverrideFormat(fs: HostFs, dir: Fd, name: Name): OverrideFormat | undefined {
  const attributes = fs.listXattrs(dir, name);
  return Object.values(formats).find(({ attribute }) => attributes.includes(attribute));
}

/** What the attribute says. */
export interface Override {
  /** undefined: that of the inode. fuse-overlayfs 1.10 wrote -1 for what a chown had left alone. */
  readonly uid: number | undefined;
  readonly gid: number | undefined;
  /** Permissions, set-id and sticky bits. */
  readonly mode: number;
  /** S_IF*; undefined where it is that of the inode. */
  readonly type: number | undefined;
  /** As in `st.rdev`; 0 for what is no device. */
  readonly rdev: number;
}

const typeWords: ReadonlyMap<string, number> = new Map([
  ['file', os.S_IFREG],
  ['dir', os.S_IFDIR],
  ['symlink', os.S_IFLNK],
  ['pipe', os.S_IFIFO],
  ['socket', os.S_IFSOCK],
  ['block', os.S_IFBLK],
  ['char', os.S_IFCHR],
]);
const pattern = /^(-1|\d+):(-1|\d+):([0-7]+)(?::([a-z]+)(?:-(\d+)-(\d+))?)?\0?$/;
/** st.rdev is major * this + minor. */
const minors = 2 ** 20;

/** undefined for what makes no sense. */
export function parseOverride(value: Buffer): Override | undefined {
  const [, uid, gid, mode, word, major, minor] = pattern.exec(value.toString('latin1')) ?? [];
  if (uid === undefined || gid === undefined || mode === undefined) return undefined;
  const type = word === undefined ? undefined : typeWords.get(word);
  if (word !== undefined && type === undefined) return undefined;
  const isDevice = type === os.S_IFBLK || type === os.S_IFCHR;
  if (isDevice !== (major !== undefined)) return undefined;
  return {
    uid: uid === '-1' ? undefined : Number(uid),
    gid: gid === '-1' ? undefined : Number(gid),
    mode: Number.parseInt(mode, 8) & 0o7777,
    type,
    rdev: isDevice ? Number(major) * minors + Number(minor) : 0,
  };
}

/** All of it, for an object of which nothing is left to the inode. */
export type WholeOverride = Override & Readonly<Record<'uid' | 'gid' | 'type', number>>;

export function formatOverride({ uid, gid, mode, type, rdev }: WholeOverride): Buffer {
  const word = [...typeWords].find(([, one]) => one === type)?.[0] ?? 'file';
  const isDevice = type === os.S_IFBLK || type === os.S_IFCHR;
  const device = isDevice ? `-${String(Math.floor(rdev / minors))}-${String(rdev % minors)}` : '';
  return Buffer.from(`${String(uid)}:${String(gid)}:0${mode.toString(8)}:${word}${device}`, 'latin1');
}

const keptPrefix = 'user.containers.override_';
const security = 'security.';
const capability = 'security.capability';
/** XATTR_NAME_MAX. */
const nameMax = 255;

/** The name on disk of an attribute that a client calls `name`; undefined where it comes out too long. */
export function overrideNameOf(format: OverrideFormat, name: Name): Name | undefined {
  if (!format.keepsSecurity || !name.startsWith(security)) return name;
  return name.length + keptPrefix.length > nameMax ? undefined : asName(keptPrefix + name);
}

/**
 * The name by which clients know an attribute on disk. Two may have one: then the kept one holds. undefined for what is the
 * host's own: its labels and signatures say nothing of the object that is kept so.
 */
export function nameBehindOverride(format: OverrideFormat, stored: Name): Name | undefined {
  if (!format.keepsSecurity) return stored;
  if (stored.startsWith(keptPrefix + security)) return asName(stored.slice(keptPrefix.length));
  return stored.startsWith(security) && stored !== capability ? undefined : stored;
}
