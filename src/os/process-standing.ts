/**
 * What a process may do and what it sees, as one text: two processes with the same text may do each other's work,
 * since the kernel would refuse or show both of them the same, and they end together where something else ends them. Where /proc hides something there is no text, and
 * nobody is taken for an equal.
 */
import { readFileSync, readlinkSync } from 'node:fs';

/** Lines of /proc/PID/status (proc_pid_status(5)). */
const statusLines = [
  ...['Uid', 'Gid', 'Groups', 'CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'],
  ...['NoNewPrivs', 'Seccomp', 'Seccomp_filters'],
];
/** Links of /proc/PID. The PID namespace is in whose numbers a mount tells who asks. */
const links = ['ns/mnt', 'ns/user', 'ns/pid', 'root'];

/**
 * Of the process `pid`; undefined where there is none, or it may not be looked at. Of this process it is to be asked
 * before it acts for others (`assume` of the addon changes ids).
 */
export function findStanding(pid: number | 'self'): string | undefined {
  const proc = `/proc/${String(pid)}`;
  try {
    const status = readFileSync(`${proc}/status`, 'latin1').split('\n');
    const told = statusLines.map((name) => status.find((line) => line.startsWith(`${name}:`)) ?? name);
    const seen = links.map((name) => readlinkSync(`${proc}/${name}`));
    const unit = serviceOf(readFileSync(`${proc}/cgroup`, 'latin1'));
    const limit = hardFileSize(readFileSync(`${proc}/limits`, 'latin1'));
    return [...told, ...seen, labelOf(proc), unit, limit].join('\n');
  } catch {
    return undefined;
  }
}

/**
 * The unit of systemd that runs a process with these lines of /proc/PID/cgroup (cgroups(7)); empty where none does. Whatever is in it ends
 * with it, so it can serve nobody outside. A scope does not count: podman moves itself into one of its own, which ends when it is
 * empty.
 */
export function serviceOf(cgroups: string): string {
  const path = /^(?:0:|\d+:name=systemd):(.*)$/m.exec(cgroups)?.[1] ?? '';
  return /^.*\.service(?=\/|$)/.exec(path)?.[0] ?? '';
}

/**
 * By what is in /proc/PID/limits: how large a file it may make, which binds what it writes for others (RLIMIT_FSIZE of
 * setrlimit(2)). The hard limit: the launcher lifts the soft one.
 */
function hardFileSize(limits: string): string {
  return /^Max file size\s+\S+\s+(\S+)/m.exec(limits)?.[1] ?? '';
}

/** Of a security module; empty where there is none. */
function labelOf(proc: string): string {
  try {
    return readFileSync(`${proc}/attr/current`, 'latin1');
  } catch {
    return '';
  }
}
