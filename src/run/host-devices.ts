/**
 * The devices of this machine, as a privileged container has them: every node below /dev, but for what each container
 * has of its own there.
 */
import { lstatSync, readdirSync, type Stats } from 'node:fs';
import { join } from 'node:path';

/** `linux.devices` of config.json. */
export interface SpecDevice {
  readonly path: string;
  readonly type: 'b' | 'c';
  readonly major: number;
  readonly minor: number;
  readonly fileMode: number;
  readonly uid: number;
  readonly gid: number;
}

/** As containerd's (pkg/oci, HostDevices). */
const ownNames = new Set(['pts', 'shm', 'fd', 'mqueue', 'console', '.lxc', '.lxd-mounts', '.udev']);

/** What goes away meanwhile, or cannot be looked at, is left out. */
export function hostDevices(directory = '/dev'): SpecDevice[] {
  return namesIn(directory)
    .filter((name) => !ownNames.has(name))
    .flatMap((name): SpecDevice[] => {
      const path = join(directory, name);
      const found = findStat(path);
      if (found?.isDirectory() === true) return hostDevices(path);
      const type =
        found?.isBlockDevice() === true ? 'b' : found?.isCharacterDevice() === true ? 'c' : undefined;
      if (found === undefined || type === undefined) return [];
      const { mode, uid, gid, rdev } = found;
      return [{ path, type, ...numbersOf(rdev), fileMode: mode & 0o777, uid, gid }];
    });
}

/** The kernel has 12 bits of the one and 20 of the other, in this order (include/linux/kdev_t.h, new_encode_dev). */
function numbersOf(rdev: number): { readonly major: number; readonly minor: number } {
  return { major: (rdev >>> 8) & 0xfff, minor: (rdev & 0xff) | ((rdev >>> 12) & 0xfff00) };
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory).sort();
  } catch {
    return [];
  }
}

function findStat(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}
