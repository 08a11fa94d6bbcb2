/**
 * What this process may do, as /proc/self tells: whether a privilege is the machine's, or only that
 * of a user namespace.
 */
import { readFileSync } from 'node:fs';

/** CAP_SYS_ADMIN of include/uapi/linux/capability.h. */
const capSysAdmin = 21n;

/** Whether the process is in the first user namespace: only there all ids are mapped to themselves. */
export function isFirstUserNamespace(uidMap: string = readFileSync('/proc/self/uid_map', 'latin1')): boolean {
  return uidMap.trim().split(/\s+/).join(' ') === '0 0 4294967295';
}

/** Whether CAP_SYS_ADMIN is effective, in whatever user namespace the process is. */
export function hasCapSysAdmin(status: string = readFileSync('/proc/self/status', 'latin1')): boolean {
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1];
  return effective !== undefined && ((BigInt(`0x${effective}`) >> capSysAdmin) & 1n) === 1n;
}

/** Whether CAP_SYS_ADMIN is effective over the whole machine: what FUSE passthrough asks for. */
export function hasCapSysAdminInFirstNamespace(): boolean {
  return hasCapSysAdmin() && isFirstUserNamespace();
}

/** Whether the process `pid` has CAP_SYS_ADMIN. False once it has gone. */
export function mayAdminister(pid: number): boolean {
  try {
    return hasCapSysAdmin(readFileSync(`/proc/${String(pid)}/status`, 'latin1'));
  } catch {
    return false;
  }
}
