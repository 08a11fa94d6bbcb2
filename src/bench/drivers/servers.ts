/**
 * The processes behind a FUSE mount. The kernel (6.16 and later) names a connection in fdinfo by the minor number
 * of its mount's device; before that nothing says who serves a mount, and nobody is found.
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { nameFromText } from '../../base/name.ts';
import { findMountAt } from '../../os/mountinfo.ts';
import { findProcess } from '../../os/process-identity.ts';

/** Those that hold the connection of the mount on `mountPoint`. */
export function findServers(mountPoint: string): number[] {
  const mounted = findMountAt(nameFromText(mountPoint));
  if (mounted?.type.startsWith('fuse') !== true) return [];
  const connection = `fuse_connection:\t${mounted.device.split(':')[1] ?? ''}\n`;
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && descriptorInfo(name).some((info) => info.includes(connection)))
    .map(Number);
}

/** What the kernel says about the descriptors of /dev/fuse that a process holds. */
function descriptorInfo(pid: string): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`)
      .filter((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`) === '/dev/fuse')
      .map((fd) => readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'utf8'));
  } catch {
    // A process may end, and a descriptor close, between the listing and the look.
    return [];
  }
}

const endLimitMs = 20_000;

/**
 * Throws when they live on for long. What waits to be reaped has ended: a server's parent is init, and some look for
 * children that have ended only once a second.
 */
export async function waitForEnd(servers: readonly number[]): Promise<void> {
  const alive = () => servers.some((pid) => findProcess(pid) !== undefined);
  for (let waited = 0; alive(); waited += 5) {
    if (waited > endLimitMs) throw new Error(`server ${servers.join(', ')} lives on after umount`);
    await sleep(5);
  }
}
