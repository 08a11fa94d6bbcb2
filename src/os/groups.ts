/**
 * The groups of another process, as /proc tells them: FUSE passes on none of the supplementary ones, and,
 * once idmapped mounts were agreed upon, the others only for what is created.
 */
import { readFileSync } from 'node:fs';

/** Whether `gid` is a group that the process `pid` acts with, or a supplementary one. False once it has gone. */
export function isInGroup(pid: number, gid: number): boolean {
  try {
    const status = readFileSync(`/proc/${String(pid)}/status`, 'latin1');
    const numbers = (line: RegExp): string[] => line.exec(status)?.[1]?.trim().split(/\s+/) ?? [];
    // Real, effective, saved, and the one for file systems.
    return numbers(/^Gid:(.*)$/m)[3] === String(gid) || numbers(/^Groups:(.*)$/m).includes(String(gid));
  } catch {
    return false;
  }
}
