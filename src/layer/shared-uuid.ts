/**
 * An origin names an inode by the uuid of its file system and a handle. Two lower layers on different file systems
 * with one uuid (images without any, copies of one image) make one name for different files: there no origin
 * can be followed, and nothing can be in the index (fs/overlayfs/super.c, ovl_lower_uuid_ok). Subvolumes of one btrfs
 * have one uuid as well, and different device numbers, but their handles say which one is meant.
 */
import type { Fd } from '../base/ids.ts';
import { asName } from '../base/name.ts';
import { st, type HostFs } from '../os/host-fs.ts';

export interface LowerRoot {
  readonly root: Fd;
  /** st_dev of it. */
  readonly dev: number;
  readonly uuid: Buffer;
}

const self = asName('');

/** The device numbers of those that cannot be told apart by their uuid. */
export function findSharedUuids(fs: HostFs, roots: readonly LowerRoot[]): ReadonlySet<number> {
  const devices = new Map(roots.map((root) => [root.dev, root]));
  const shared = new Set<number>();
  for (const one of devices.values()) {
    for (const other of devices.values()) {
      if (one === other || !one.uuid.equals(other.uuid) || isOneFileSystem(fs, one, other)) continue;
      shared.add(one.dev);
      shared.add(other.dev);
    }
  }
  return shared;
}

/** Whether a handle of `other` leads to it from `one`, too; where nobody may try, it does not. */
function isOneFileSystem(fs: HostFs, one: LowerRoot, other: LowerRoot): boolean {
  const handle = fs.findHandle(other.root, self);
  const fd = handle === undefined ? undefined : fs.findOpenByHandle(one.root, handle);
  if (fd === undefined) return false;
  try {
    fs.statx(fd, self);
    return fs.stat[st.dev] === other.dev;
  } finally {
    fs.close(fd);
  }
}
