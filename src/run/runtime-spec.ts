/**
 * config.json of an OCI bundle (runtime-spec 1.0), with Docker's defaults: capabilities, what is masked, which
 * file systems a container has of its own. It is made from one plan; what it says of the machine was asked before.
 */
import type { Account } from './accounts.ts';
import { hostDevices } from './host-devices.ts';
import { capabilitiesOf, type CapabilityChanges } from './capabilities.ts';
import { limitResources, type Limits } from './limits.ts';

/** A mount of the bundle, as the specification has it. */
export interface SpecMount {
  readonly destination: string;
  readonly type: string;
  readonly source: string;
  readonly options: readonly string[];
}

export interface ProcessPlan {
  readonly argv: readonly string[];
  readonly env: readonly string[];
  readonly cwd: string;
  readonly account: Account;
  readonly terminal: boolean;
  /** What Docker's are changed by; nothing unless told. */
  readonly capabilities?: CapabilityChanges | undefined;
  /** It has all of them, whatever those say; its container has the devices of this machine, and nothing is masked. */
  readonly privileged?: boolean | undefined;
  /** No program gets more rights by its setuid bit or its file's capabilities. */
  readonly noNewPrivileges?: boolean | undefined;
}

export interface BundlePlan {
  readonly process: ProcessPlan;
  /** The root directory, absolute. */
  readonly root: string;
  readonly readOnlyRoot: boolean;
  readonly hostname: string;
  readonly network: 'host' | 'none';
  /** On top of the container's own, in their order. */
  readonly mounts: readonly SpecMount[];
  /** Below the root of each hierarchy. */
  readonly cgroup: string;
  /** The machine has one hierarchy of cgroups, version 2. */
  readonly unifiedCgroups: boolean;
  /** `linux.sysctl`: what differs from this machine in the namespaces of the container. */
  readonly sysctls?: Readonly<Record<string, string>> | undefined;
  readonly limits?: Limits | undefined;
  /** `linux.seccomp`; undefined: no filter of system calls. */
  readonly seccomp?: object | undefined;
}

/** moby: oci/defaults.go. */
const maskedPaths = [
  ...['/proc/asound', '/proc/acpi', '/proc/kcore', '/proc/keys', '/proc/latency_stats', '/proc/timer_list'],
  ...[
    '/proc/timer_stats',
    '/proc/sched_debug',
    '/proc/scsi',
    '/sys/firmware',
    '/sys/devices/virtual/powercap',
  ],
];
const readonlyPaths = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'];

/** moby: oci/defaults.go; null, zero, full, random, urandom, tty and those of /dev/pts are allowed by each runtime itself. */
const deviceRules = [
  { allow: false, access: 'rwm' },
  // /dev/console, which is the machine's own where a container has its /dev.
  { allow: true, type: 'c', major: 5, minor: 1, access: 'rwm' },
];

/** The file systems that every container has of its own. */
export const ownMounts: readonly SpecMount[] = [
  { destination: '/proc', type: 'proc', source: 'proc', options: ['nosuid', 'noexec', 'nodev'] },
  {
    destination: '/dev',
    type: 'tmpfs',
    source: 'tmpfs',
    options: ['nosuid', 'strictatime', 'mode=755', 'size=65536k'],
  },
  {
    destination: '/dev/pts',
    type: 'devpts',
    source: 'devpts',
    options: ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', 'gid=5'],
  },
  { destination: '/sys', type: 'sysfs', source: 'sysfs', options: ['nosuid', 'noexec', 'nodev', 'ro'] },
  {
    destination: '/sys/fs/cgroup',
    type: 'cgroup',
    source: 'cgroup',
    options: ['ro', 'nosuid', 'noexec', 'nodev'],
  },
  { destination: '/dev/mqueue', type: 'mqueue', source: 'mqueue', options: ['nosuid', 'noexec', 'nodev'] },
  {
    destination: '/dev/shm',
    type: 'tmpfs',
    source: 'shm',
    options: ['nosuid', 'noexec', 'nodev', 'mode=1777', 'size=65536k'],
  },
];

/** The content of config.json. */
export function runtimeSpec(plan: BundlePlan): object {
  const targets = new Set(plan.mounts.map(({ destination }) => destination));
  const isPrivileged = plan.process.privileged === true;
  const own = ownMounts.filter(({ destination }) => !targets.has(destination));
  return {
    ociVersion: '1.0.2',
    process: processSpec(plan.process),
    root: { path: plan.root, readonly: plan.readOnlyRoot },
    hostname: plan.hostname,
    mounts: [...(isPrivileged ? own.map(writable) : own), ...plan.mounts],
    linux: {
      cgroupsPath: plan.cgroup,
      resources: {
        devices: isPrivileged ? [{ allow: true, access: 'rwm' }] : deviceRules,
        ...limitResources(plan.limits ?? {}),
      },
      ...(isPrivileged ? { devices: hostDevices() } : { maskedPaths, readonlyPaths }),
      namespaces: [
        ...['mount', 'pid', 'ipc', 'uts'],
        ...(plan.network === 'none' ? ['network'] : []),
        ...(plan.unifiedCgroups ? ['cgroup'] : []),
      ].map((type) => ({ type })),
      ...(plan.sysctls === undefined ? {} : { sysctl: plan.sysctls }),
      ...(plan.seccomp === undefined ? {} : { seccomp: plan.seccomp }),
      // What the mounts ask for is had only if nothing above them is more private.
      rootfsPropagation: plan.mounts.some(({ options }) =>
        options.some((option) => /^r?shared$/.test(option)),
      )
        ? 'shared'
        : plan.mounts.some(({ options }) => options.some((option) => /^r?slave$/.test(option)))
          ? 'slave'
          : 'private',
    },
  };
}

function writable({ options, ...mount }: SpecMount): SpecMount {
  return { ...mount, options: options.filter((option) => option !== 'ro') };
}

/** `process` of config.json, which `exec` of a runtime takes by itself. */
export function processSpec(plan: ProcessPlan): object {
  const { uid, gid, additionalGids } = plan.account;
  const capabilities = capabilitiesOf(plan.capabilities, plan.privileged);
  // As in Docker: what root may, no other user gets by being started.
  const own = uid === 0 ? capabilities : [];
  return {
    terminal: plan.terminal,
    user: { uid, gid, additionalGids },
    args: plan.argv,
    env: plan.env,
    cwd: plan.cwd,
    capabilities: { bounding: capabilities, effective: own, permitted: own, inheritable: [], ambient: [] },
    noNewPrivileges: plan.noNewPrivileges === true,
  };
}
