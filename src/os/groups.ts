/**
 * The user and the groups of another process, as /proc tells them: FUSE passes on none of the supplementary ones, and,
 * once idmapped mounts were agreed upon, the others only for what is created.
 */
import { readFileSync } from 'node:fs';

/** Whether `gid` is a group that the process `pid` acts with, or a supplementary one. False once it has gone. */
export function isInGroup(pid: number, gid: number): boolean {
  try {
    const status = readStatus(pid);
    return numbers(status, 'Gid')[3] === String(gid) || numbers(status, 'Groups').includes(String(gid));
  } catch {
    return false;
  }
}

/** Whether the process `pid` acts as the user `uid`. False once it has gone. */
export function isUser(pid: number, uid: number): boolean {
  try {
    return numbers(readStatus(pid), 'Uid')[3] === String(uid);
  } catch {
    return false;
  }
}

function readStatus(pid: number): string {
  return readFileSync(`/proc/${String(pid)}/status`, 'latin1');
}

/** Of a user or group: real, effective, saved, and the one for file systems. */
function numbers(status: string, key: string): string[] {
  return new RegExp(`^${key}:(.*)$`, 'm').exec(status)?.[1]?.trim().split(/\s+/) ?? [];
}
