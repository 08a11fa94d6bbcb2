/**
 * Which process a number means: ids are used again, and after a boot all of them mean others. A process is known
 * by its id together with its start time, within one boot.
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks since the boot, as /proc/PID/stat has it. */
  readonly start: string;
}

/** Of a live process; undefined where there is none of this id. */
export function findProcess(pid: number): ProcessIdentity | undefined {
  const start = findStart(String(pid));
  return start === undefined ? undefined : { pid, start };
}

/** This process. /proc may be that of another pid namespace, where its id is another one's. */
export function ownIdentity(): ProcessIdentity {
  return { pid: process.pid, start: findStart('self') ?? '' };
}

/** `process`: its name in /proc. */
function findStart(process: string): string | undefined {
  try {
    const stat = readFileSync(`/proc/${process}/stat`, 'latin1');
    // The second field is a name that may hold spaces and parentheses; the state is the third, the number of threads
    // the 20th, the start the 22nd.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const [state, threads, start] = [fields[0], Number(fields[17]), fields[19]];
    // The state is that of the first thread; as long as there are others, files are open, and locks are held.
    const hasEnded = state === 'Z' && threads <= 1;
    return hasEnded ? undefined : start;
  } catch {
    return undefined;
  }
}

/** Whether exactly this process still runs. */
export function isRunning({ pid, start }: ProcessIdentity): boolean {
  return findProcess(pid)?.start === start;
}

/** Of this boot of the machine. */
export function readBootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
}

/** The mount namespace of this process: `mnt:[4026531841]`. */
export function mountNamespace(): string {
  return readlinkSync('/proc/self/ns/mnt');
}

/** In which process ids mean what they mean to this process: `pid:[4026531836]`. */
export function pidNamespace(): string {
  return readlinkSync('/proc/self/ns/pid');
}

/** Whether any process is in that mount namespace. False where others may not be asked. */
export function isNamespaceInUse(namespace: string): boolean {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .some((pid) => {
      try {
        return readlinkSync(`/proc/${pid}/ns/mnt`) === namespace;
      } catch {
        return false;
      }
    });
}
