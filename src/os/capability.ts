/**
 * What processes may do, as /proc tells: whether a privilege is the machine's, or only that of a user
 * namespace.
 */
import { readFileSync, readlinkSync } from 'node:fs';

/** CAP_DAC_OVERRIDE, CAP_FOWNER, CAP_FSETID and CAP_SYS_ADMIN of include/uapi/linux/capability.h. */
const capDacOverride = 1n;
const capFowner = 3n;
const capFsetid = 4n;
const capSysAdmin = 21n;

/** Whether the process is in the first user namespace: only there all ids are mapped to themselves. */
export function isFirstUserNamespace(uidMap: string = readFileSync('/proc/self/uid_map', 'latin1')): boolean {
  return uidMap.trim().split(/\s+/).join(' ') === '0 0 4294967295';
}

/** Whether CAP_SYS_ADMIN is effective, in whatever user namespace the process is. */
export function hasCapSysAdmin(status: string = readFileSync('/proc/self/status', 'latin1')): boolean {
  return isEffective(status, capSysAdmin);
}

/** Whether CAP_SYS_ADMIN is effective over the whole machine: what FUSE passthrough asks for. */
export function hasCapSysAdminInFirstNamespace(): boolean {
  return hasCapSysAdmin() && isFirstUserNamespace();
}

/** Whether the process opens files whatever their modes say, in whatever user namespace it is. */
export function overridesModes(status: string = readFileSync('/proc/self/status', 'latin1')): boolean {
  return isEffective(status, capDacOverride);
}

/** Whether the process `pid` has CAP_SYS_ADMIN where we are, not in a user namespace of its own. False once it has gone. */
export function mayAdminister(pid: number): boolean {
  return mayHere(pid, capSysAdmin);
}

/** The same for CAP_FSETID: a setgid bit stays whose group it is not in. */
export function mayKeepSetgid(pid: number): boolean {
  return mayHere(pid, capFsetid);
}

/** The same for CAP_FOWNER: it may do what the owner of a file may. */
export function mayActAsOwner(pid: number): boolean {
  return mayHere(pid, capFowner);
}

function mayHere(pid: number, capability: bigint): boolean {
  const proc = `/proc/${String(pid)}`;
  try {
    return (
      isEffective(readFileSync(`${proc}/status`, 'latin1'), capability) &&
      readlinkSync(`${proc}/ns/user`) === readlinkSync('/proc/self/ns/user')
    );
  } catch {
    return false;
  }
}

function isEffective(status: string, capability: bigint): boolean {
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1];
  return effective !== undefined && ((BigInt(`0x${effective}`) >> capability) & 1n) === 1n;
}
