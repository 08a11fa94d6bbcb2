/**
 * The ways in for owners: whose is what is made next, and who becomes the owner. Clients' ids are
 * translated here; what is copied has its ids from the disk and keeps them.
 */
import { isFsError } from '../base/fs-error.ts';
import type { Fd } from '../base/ids.ts';
import type { Name } from '../base/name.ts';
import type { Caller } from '../vfs/file-system.ts';
import type { UnionCore } from './core.ts';

/** Until `fs.assumeNone()` what is made belongs to `caller`; `gid`, on disk, in the place of the caller's group. */
export function assumeCaller(
  core: UnionCore,
  caller: Caller,
  { umask, gid }: { readonly umask: number; readonly gid?: number | undefined },
): void {
  const { fs, ids } = core;
  if (ids === undefined) {
    fs.assume(caller.uid, gid ?? caller.gid, umask);
    return;
  }
  fs.assume(ids.users.makerOnDisk(caller.uid), gid ?? ids.groups.makerOnDisk(caller.gid), umask);
}

/** As `fchownat`, in ids on disk; a squashed mount does not mind being refused. */
export function giveTo(core: UnionCore, dir: Fd, name: Name, uid: number, gid: number): void {
  try {
    core.fs.fchownat(dir, name, uid, gid);
  } catch (thrown) {
    const isMinded = core.ids?.isSquashed !== true;
    if (isMinded || !(isFsError(thrown, 'EPERM') || isFsError(thrown, 'EINVAL'))) throw thrown;
  }
}
