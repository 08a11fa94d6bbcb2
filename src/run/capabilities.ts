/**
 * Which capabilities (capabilities(7)) a container has: Docker's choice, changed by `--cap-add` and `--cap-drop`.
 */
import { readFileSync } from 'node:fs';
import { UserError } from '../base/user-error.ts';

export interface CapabilityChanges {
  /** As they were given: `NET_ADMIN`, `cap_net_admin`, `ALL`. */
  readonly add: readonly string[];
  readonly drop: readonly string[];
}

/** By their numbers (include/uapi/linux/capability.h). */
const all = (
  'CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE ' +
  'NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN ' +
  'SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE ' +
  'MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE'
)
  .split(' ')
  .map((name) => `CAP_${name}`);

/** What a process of root keeps unless told (moby: oci/caps/defaults.go). */
const usual = (
  'CHOWN DAC_OVERRIDE FSETID FOWNER MKNOD NET_RAW SETGID SETUID SETFCAP SETPCAP NET_BIND_SERVICE SYS_CHROOT KILL ' +
  'AUDIT_WRITE'
)
  .split(' ')
  .map((name) => `CAP_${name}`);

/** `privileged`: all that there are here, whatever the changes. UserError `bad-capability`. */
export function capabilitiesOf(
  changes: CapabilityChanges = { add: [], drop: [] },
  privileged = false,
): string[] {
  const [add, drop] = [changes.add.map(fullName), changes.drop.map(fullName)];
  if (privileged) return knownHere();
  // In Docker's order: what is added by its name is had, unless all are added and that one is not wanted.
  if (add.includes('CAP_ALL')) return knownHere().filter((name) => !drop.includes(name));
  const kept = drop.includes('CAP_ALL') ? [] : usual.filter((name) => !drop.includes(name));
  return [...new Set([...kept, ...add])];
}

function fullName(text: string): string {
  const name = `CAP_${text.toUpperCase().replace(/^CAP_/, '')}`;
  if (name === 'CAP_ALL' || all.includes(name)) return name;
  throw new UserError('bad-capability', `unknown capability: "${text}"`, {
    hint: 'capabilities(7) has them: NET_ADMIN, or ALL',
  });
}

/** An older kernel has not all of them, and we cannot give what we could not get ourselves. */
function knownHere(): string[] {
  const [, bounding = '0'] =
    /^CapBnd:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'latin1')) ?? [];
  return all.filter((_, number) => ((BigInt(`0x${bounding}`) >> BigInt(number)) & 1n) === 1n);
}
