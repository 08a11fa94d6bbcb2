/** What lies in a container and is none of its files: a copy of it leaves that out. */
import { statfsSync } from 'node:fs';
import type { Fd } from '../base/ids.ts';
import { fdPath } from '../os/in-root.ts';

/** What another kernel, or another start, says in another way (include/uapi/linux/magic.h). */
const kernelFileSystems: ReadonlySet<number> = new Set([
  0x9fa0, // proc
  0x62656572, // sysfs
  0x1cd1, // devpts
  0x27e0eb, // cgroup
  0x63677270, // cgroup2
  0x19800202, // mqueue
]);

/** Whether a directory has files, and not what the kernel tells of itself. */
export function hasFiles(directory: Fd): boolean {
  return !kernelFileSystems.has(statfsSync(fdPath(directory)).type);
}
