/**
 * What a union does with its upper and reads from its lowers: the mount options of the kernel's
 * overlayfs that have a meaning for the format, plus ours.
 */
export interface UnionFeatures {
  /** `user.overlay.*` instead of `trusted.overlay.*`. */
  readonly userxattr: boolean;
  /** chmod and the like copy metadata alone. Reading is allowed whenever the attributes can be trusted. */
  readonly metacopy: boolean;
  /** `on`: lower and merged directories can be renamed. `nofollow`: redirects of layers are refused. */
  readonly redirectDir: 'on' | 'follow' | 'nofollow';
  /** Hard links of lowers survive copy-up, by work/index. */
  readonly index: boolean;
  /** fsync, and the sync of data that was copied up, reach the disk. */
  readonly sync: boolean;
  /** Nothing is synced, not even at unmount; a guard in the work directory says so until then. */
  readonly volatile: boolean;
  /** Which whiteouts are read in lowers: of AUFS (`.wh.NAME`), too. */
  readonly aufs: boolean;
  /** Inode numbers are those of the layers, also where these lie on several file systems. */
  readonly plainInodes?: boolean;
  /** Inode numbers fit in 32 bits. */
  readonly shortInodes?: boolean;
  /** Directories have one link, whatever their layers say. */
  readonly staticNlink?: boolean;
  /** Access control lists cannot be read or set. */
  readonly noAcls?: boolean;
  /** Nor can any extended attribute, but the virtual ones. */
  readonly noXattrs?: boolean;
  /** Owners and modes stand in attributes (`override-fs.ts`): what is made is built in work first. */
  readonly ownersApart?: boolean;
  /** Others change the layers while they are mounted: names are looked for anew each time. */
  readonly layersChange?: boolean;
}
