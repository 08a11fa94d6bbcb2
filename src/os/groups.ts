/**
 * The groups of another process, as /proc tells them: what the kernel knows of a caller and FUSE does not
 * pass on.
 */
import { readFileSync } from 'node:fs';

/** Whether the caller's group, or one of its supplementary groups, is `gid`. False once the process has gone. */
export function isInGroup(caller: { readonly gid: number; readonly pid: number }, gid: number): boolean {
  if (caller.gid === gid) return true;
  try {
    const status = readFileSync(`/proc/${String(caller.pid)}/status`, 'latin1');
    const groups = /^Groups:(.*)$/m.exec(status)?.[1] ?? '';
    return groups.split(/\s+/).includes(String(gid));
  } catch {
    return false;
  }
}
