/** What a container shows at `/`, whatever its processes have made of theirs. */
import { fstatSync } from 'node:fs';
import type { Fd } from '../base/ids.ts';
import { asName } from '../base/name.ts';
import { AT_FDCWD, O_DIRECTORY, O_PATH } from '../os/constants.ts';
import { fdPath, InRoot } from '../os/in-root.ts';
import { readMountId } from '../os/mountinfo.ts';
import { createToolFs } from '../store/tool-fs.ts';

/**
 * The root of the mount namespace that process `pid` is in, for the caller to close. What /proc/PID/root leads to may be a directory
 * below it, however deep, after a chroot(2) (proc_pid_root(5)); above the root there is nothing. The process may go elsewhere
 * meanwhile: what is open stays.
 */
export function openNamespaceRoot(pid: number): InRoot {
  const fs = createToolFs();
  const open = (from: Fd, path: string): Fd => fs.openat(from, asName(path), O_PATH | O_DIRECTORY, 0);
  let here = open(AT_FDCWD as Fd, `/proc/${String(pid)}/root`);
  try {
    for (;;) {
      const above = open(here, '..');
      const isRoot = isSame(here, above);
      fs.close(here);
      here = above;
      if (isRoot) return new InRoot(fdPath(here));
    }
  } finally {
    fs.close(here);
  }
}

/** The root of a file system has the same inode wherever that is mounted, also below itself. */
function isSame(one: Fd, other: Fd): boolean {
  if (mountIdOf(one) !== mountIdOf(other)) return false;
  return fstatSync(one, { bigint: true }).ino === fstatSync(other, { bigint: true }).ino;
}

function mountIdOf(fd: Fd): number {
  return readMountId(`self/fdinfo/${String(fd)}`);
}
