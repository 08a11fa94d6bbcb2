/**
 * Mount options that are flags of mount(2), by the names that mount(8) has for them.
 */
import * as os from '../os/constants.ts';
import type { MountEntry } from '../os/mountinfo.ts';

/** Option: the flags of mount(2) that it sets, and those that it takes away. */
export const flagOptions: Readonly<Record<string, readonly [set: number, cleared: number]>> = {
  ro: [os.MS_RDONLY, 0],
  rw: [0, os.MS_RDONLY],
  nosuid: [os.MS_NOSUID, 0],
  suid: [0, os.MS_NOSUID],
  nodev: [os.MS_NODEV, 0],
  dev: [0, os.MS_NODEV],
  noexec: [os.MS_NOEXEC, 0],
  exec: [0, os.MS_NOEXEC],
  sync: [os.MS_SYNCHRONOUS, 0],
  async: [0, os.MS_SYNCHRONOUS],
  dirsync: [os.MS_DIRSYNC, 0],
  noatime: [os.MS_NOATIME, os.MS_RELATIME | os.MS_STRICTATIME],
  atime: [0, os.MS_NOATIME],
  nodiratime: [os.MS_NODIRATIME, 0],
  diratime: [0, os.MS_NODIRATIME],
  relatime: [os.MS_RELATIME, os.MS_NOATIME | os.MS_STRICTATIME],
  norelatime: [0, os.MS_RELATIME],
  strictatime: [os.MS_STRICTATIME, os.MS_NOATIME | os.MS_RELATIME],
  nostrictatime: [0, os.MS_STRICTATIME],
  lazytime: [os.MS_LAZYTIME, 0],
  nolazytime: [0, os.MS_LAZYTIME],
  nosymfollow: [os.MS_NOSYMFOLLOW, 0],
  symfollow: [0, os.MS_NOSYMFOLLOW],
};

/**
 * The flags that a mount has, from its options in mountinfo. `strictatime` does not stand there: it is what neither
 * `relatime` nor `noatime` says (fs/proc_namespace.c, show_mnt_opts).
 */
export function flagsOf({ options, superOptions }: MountEntry): number {
  const names = [...options, ...superOptions];
  const flags = names.reduce((all, name) => all | (flagOptions[name]?.[0] ?? 0), 0);
  const said = os.MS_RELATIME | os.MS_NOATIME;
  return (flags & said) === 0 ? flags | os.MS_STRICTATIME : flags;
}

/**
 * How mounts below ours spread to other mount namespaces (mount_namespaces(7)). `rprivate` and its like mean the same:
 * nothing is mounted below a mount that is new.
 */
export const propagationOptions: Readonly<Record<string, number>> = {
  private: os.MS_PRIVATE,
  rprivate: os.MS_PRIVATE,
  slave: os.MS_SLAVE,
  rslave: os.MS_SLAVE,
  rshared: os.MS_SHARED,
  unbindable: os.MS_UNBINDABLE,
  runbindable: os.MS_UNBINDABLE,
};
