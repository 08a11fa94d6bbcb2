/**
 * Who has hold of a mount that is off the tree (umount -l): no table of mounts lists it any more, but the kernel tells of
 * each open file, and of each working directory, which mount it was opened in.
 */
import { closeSync, openSync, readdirSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { O_PATH } from './constants.ts';
import { readMountId } from './mountinfo.ts';

/** Of a mount: `MountEntry.id` and `MountEntry.device`, since others have either number later. */
export interface MountNumbers {
  readonly id: number;
  readonly device: string;
}

/** Whether a process is in the mount, or has a file of it open. False for processes that may not be asked. */
export async function isMountInUse(numbers: MountNumbers): Promise<boolean> {
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    for (const path of pathsIn(pid, numbers.id)) {
      if ((await findDevice(path)) === numbers.device) return true;
    }
  }
  return false;
}

/** Links in /proc that lead into a mount with this id. */
function pathsIn(pid: string, id: number): string[] {
  const opened = attempt(() => readdirSync(`/proc/${pid}/fdinfo`)) ?? [];
  return [
    ...['cwd', 'root']
      .map((name) => `/proc/${pid}/${name}`)
      .filter((path) => attempt(() => findIdThrough(path)) === id),
    ...opened
      .filter((fd) => attempt(() => readMountId(`${pid}/fdinfo/${fd}`)) === id)
      .map((fd) => `/proc/${pid}/fd/${fd}`),
  ];
}

/** Opened as a mere path: nothing is asked of a file system that may not answer. */
function findIdThrough(path: string): number | undefined {
  const fd = openSync(path, O_PATH);
  try {
    return readMountId(`self/fdinfo/${String(fd)}`);
  } finally {
    closeSync(fd);
  }
}

/** `major:minor` */
async function findDevice(path: string): Promise<string | undefined> {
  try {
    const { dev } = await stat(path, { bigint: true });
    // gnu_dev_major(3) and gnu_dev_minor(3)
    const major = ((dev >> 8n) & 0xfffn) | ((dev >> 32n) & ~0xfffn);
    const minor = (dev & 0xffn) | ((dev >> 12n) & ~0xffn & 0xffffffffn);
    return `${String(major)}:${String(minor)}`;
  } catch {
    return undefined;
  }
}

/** Undefined where a process has ended meanwhile, or may not be asked. */
function attempt<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch {
    return undefined;
  }
}
