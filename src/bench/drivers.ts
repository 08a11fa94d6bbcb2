/**
 * What is measured: ways to put a stack of layers on a mount point. A driver is data, so that a rival
 * or a variant of ours (another option) is one more entry in the table. Mounting runs the program that
 * a user would run and returns when that program does.
 */
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { run } from './child.ts';
import { findMount, type Stack } from './stack.ts';

export interface Driver {
  readonly name: string;
  /** Whether it is ours, and thus has thresholds to meet. */
  readonly subject: boolean;
  /** Undefined where it can run, otherwise why not. */
  unavailable(): string | undefined;
  /** The command that mounts `stack`; undefined for one that needs none. */
  command(stack: Stack): readonly string[] | undefined;
}

/** A stack that is mounted. */
export interface Mounted {
  readonly stack: Stack;
  /** Process ids of the server; empty where the kernel is the server. */
  readonly servers: readonly number[];
  unmount(): Promise<void>;
}

const program = join(import.meta.dirname, '..', '..', 'bin', 'stratafs');
/** The format that ours writes, so that both do the same work. */
const kernelOptions = 'metacopy=on,redirect_dir=on,index=on,xino=on';

export const drivers: readonly Driver[] = [
  stratafs('stratafs', ''),
  stratafs('stratafs-cached', ',passthrough=off'),
  stratafs('stratafs-relaxed', ',coherence=relaxed'),
  {
    name: 'overlay',
    subject: false,
    unavailable: () =>
      readFileSync('/proc/filesystems', 'utf8').includes('\toverlay\n') ? undefined : 'not in this kernel',
    command: (stack) => [
      ...['mount', '-t', 'overlay', 'overlay', '-o', `${layerOptions(stack)},${kernelOptions}`],
      stack.mountPoint,
    ],
  },
  {
    name: 'fuse-overlayfs',
    subject: false,
    unavailable: () => (existsSync('/usr/bin/fuse-overlayfs') ? undefined : 'not installed'),
    command: (stack) => ['/usr/bin/fuse-overlayfs', '-o', layerOptions(stack), stack.mountPoint],
  },
  { name: 'directory', subject: false, unavailable: () => undefined, command: () => undefined },
];

/** The options with which every driver is told about the layers. */
function layerOptions(stack: Stack): string {
  return `lowerdir=${stack.lowers.join(':')},upperdir=${stack.upper},workdir=${stack.work}`;
}

function stratafs(name: string, more: string): Driver {
  return {
    name,
    subject: true,
    unavailable: () => (existsSync(program) ? undefined : `no ${program}: build it first`),
    command: (stack) => [program, '-o', `${layerOptions(stack)}${more}`, stack.mountPoint],
  };
}

/** Mounts `stack` by `driver`. The driver `directory` copies the layers to the mount point instead. */
export function mount(driver: Driver, stack: Stack): Mounted {
  const command = driver.command(stack);
  if (command === undefined) {
    for (const lower of stack.lowers.toReversed()) run(['cp', '-a', `${lower}/.`, stack.mountPoint]);
    return { stack, servers: [], unmount: () => Promise.resolve() };
  }
  run(command);
  const servers = findServers(stack.mountPoint);
  return { stack, servers, unmount: () => unmount(stack.mountPoint, servers) };
}

/**
 * The processes that hold the FUSE connection of the mount on `mountPoint`. The kernel (6.16 and later)
 * names a connection in fdinfo by the minor number of its mounts' device.
 */
function findServers(mountPoint: string): number[] {
  const device = findMount(mountPoint)?.split(' ')[2];
  const connection = `fuse_connection:\t${device?.split(':')[1] ?? ''}\n`;
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

/** Unmounts and waits until the server has ended: an upper may be in use until then. */
async function unmount(mountPoint: string, servers: readonly number[]): Promise<void> {
  try {
    run(['umount', mountPoint]);
  } catch {
    run(['umount', '-l', mountPoint]);
  }
  const alive = () => servers.some((pid) => existsSync(`/proc/${String(pid)}`));
  for (let waited = 0; alive(); waited += 5) {
    if (waited > 20_000) throw new Error(`server ${servers.join(', ')} lives on after umount`);
    await sleep(5);
  }
}
