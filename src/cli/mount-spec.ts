/**
 * Everything that one mount is told, as one plain value: what the command line and the library make, and
 * what the server obeys. An option that nobody gave is undefined, so that its default is decided where it
 * depends on the machine (`resolve-format.ts`, `resolve-door.ts`), not here.
 */
import type { Name } from '../base/name.ts';
import type { IdRange } from '../union/id-map.ts';

export interface LayerPaths {
  /** From the top to the bottom; absolute, at least one. */
  readonly lower: readonly Name[];
  /** Data-only lower layers, from the top to the bottom. */
  readonly dataOnly: readonly Name[];
  /** Together with `work`, or neither. */
  readonly upper: Name | undefined;
  readonly work: Name | undefined;
}

export type RedirectDir = 'on' | 'off' | 'follow' | 'nofollow';
export type Automatic = 'on' | 'off' | 'auto';

/** Options with a meaning for the layers: those of the kernel's overlayfs, and ours. */
export interface FormatOptions {
  readonly metacopy: boolean | undefined;
  readonly redirectDir: RedirectDir | undefined;
  readonly index: boolean | undefined;
  readonly xino: Automatic | undefined;
  readonly userxattr: boolean | undefined;
  readonly volatile: boolean;
  /** false: fsync(2) in the mount answers at once. */
  readonly fsync: boolean;
  readonly coherence: 'strict' | 'relaxed';
  readonly whiteout: 'auto' | 'overlay' | 'aufs';
  /** Directories have one link. */
  readonly staticNlink: boolean;
  /** Inode numbers fit in 32 bits. */
  readonly shortInodes: boolean;
  /** false: there are no access control lists in the mount. */
  readonly acl: boolean;
  /** false: there are no extended attributes in the mount. */
  readonly xattrs: boolean;
}

/** Whose everything is, and where that stands. */
export interface IdentityOptions {
  readonly uidRanges: readonly IdRange[];
  readonly gidRanges: readonly IdRange[];
  readonly squashToRoot: boolean;
  readonly squashToUid: number | undefined;
  readonly squashToGid: number | undefined;
  /** Owners and modes in the upper stand in inodes (0), `security.*` (1) or `user.*` attributes (2). */
  readonly permissions: 0 | 1 | 2;
}

/** Options of the mount itself. */
export interface MountFlags {
  /** MS_RDONLY, MS_NOATIME and so on, as mount(2) takes them. */
  readonly set: number;
  /** Flags that were asked not to be set (`dev`, `suid`, `rw`). */
  readonly cleared: number;
  /** MS_PRIVATE and its like; undefined: what the place of the mount has. */
  readonly propagation: number | undefined;
  /** `context=` and its like as they were given: labels for SELinux. */
  readonly labels: readonly Name[];
  /** Bytes of one read request; undefined: the kernel's limit. */
  readonly maxRead: number | undefined;
  readonly allowOther: boolean;
  /** What /proc/mounts shows as the device. */
  readonly source: Name;
  /** The type is shown as `fuse.SUBTYPE`. */
  readonly subtype: Name;
}

/** How the kernel is spoken to: over /dev/fuse by this program, or by libfuse 2. */
export type DoorName = 'kernel' | 'libfuse';

export interface DoorOptions {
  readonly door: DoorName;
  readonly passthrough: Automatic;
  /** Whether processors stay awake while requests come thick and fast. */
  readonly lowLatency: Automatic;
  /** The kernel may keep written data back. */
  readonly writeback: boolean;
  /** Bytes of one write request, at most; undefined: our limit. */
  readonly maxWrite: number | undefined;
  /** Others change the layers, and the kernel keeps names and attributes for so long; undefined: nobody does. */
  readonly timeoutSec: number | undefined;
}

export interface MountSpec {
  readonly mountPoint: Name;
  readonly layers: LayerPaths;
  readonly format: FormatOptions;
  readonly identity: IdentityOptions;
  readonly mount: MountFlags;
  readonly door: DoorOptions;
  /** Wants to share a process with other mounts. */
  readonly shared: boolean;
  /** Logs each request. */
  readonly debug: boolean;
  /** Where a server in the background logs to; undefined: nowhere. */
  readonly log: Name | undefined;
}

/** All that a mount touches by its path. */
export function placesOf({ mountPoint, layers, log }: MountSpec): Name[] {
  const { lower, dataOnly, upper, work } = layers;
  return [mountPoint, ...lower, ...dataOnly, upper, work, log].filter((path) => path !== undefined);
}
