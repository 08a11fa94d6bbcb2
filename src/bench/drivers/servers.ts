/**
 * The processes behind a FUSE mount. Which process serves a mount the kernel tells only since 6.16, so they are known by what
 * all servers have that are measured: they hold /dev/fuse, and the mount point is a word of their command line, or the end of
 * the title that ours puts in its place.
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { nameFromText } from '../../base/name.ts';
import { findMountAt } from '../../os/mountinfo.ts';
import { findProcess } from '../../os/process-identity.ts';

/** Those that serve what is mounted on `mountPoint`; none where that is no FUSE mount. */
export function findServers(mountPoint: string): number[] {
  const mounted = findMountAt(nameFromText(mountPoint));
  if (mounted?.type.startsWith('fuse') !== true) return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && serves(name, mountPoint))
    .map(Number);
}

function serves(pid: string, mountPoint: string): boolean {
  try {
    const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    return (
      words.some((word) => word === mountPoint || word.endsWith(` ${mountPoint}`)) &&
      readdirSync(`/proc/${pid}/fd`).some((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`) === '/dev/fuse')
    );
  } catch {
    // A process may end, and a descriptor close, between the listing and the look.
    return false;
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
