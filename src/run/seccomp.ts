/**
 * The filter of system calls that a container has: the profile that it was made with, or else that of this machine,
 * podman's, since none is ours. Where there is none installed, a container runs without.
 */
import { existsSync } from 'node:fs';
import { capabilitiesOf } from './capabilities.ts';
import type { Container } from './container.ts';
import { readSeccompProfile, seccompSpec, type SeccompProfile } from './seccomp-profile.ts';

/** `unconfined`, or a profile; undefined: what is usual. */
export type SeccompChoice = 'unconfined' | SeccompProfile;

/** Where podman looks (containers/common, pkg/seccomp), the administrator's first. */
const usualFiles = ['/etc/containers/seccomp.json', '/usr/share/containers/seccomp.json'];

/** The profile for who says nothing of it; undefined where none is installed, or the kernel has no filters. */
export function usualSeccompFile(): string | undefined {
  return existsSync('/proc/sys/kernel/seccomp') ? usualFiles.find((file) => existsSync(file)) : undefined;
}

/** `linux.seccomp` of config.json; undefined for none. UserError `bad-seccomp` for the file of this machine. */
export function seccompOf(
  container: Pick<Container, 'capabilities' | 'privileged' | 'seccomp'>,
): object | undefined {
  const profile = profileOf(container);
  return profile === undefined
    ? undefined
    : seccompSpec(profile, { capabilities: capabilitiesOf(container.capabilities, container.privileged) });
}

function profileOf({
  privileged,
  seccomp,
}: Pick<Container, 'privileged' | 'seccomp'>): SeccompProfile | undefined {
  if (seccomp === 'unconfined') return undefined;
  if (seccomp !== undefined) return seccomp;
  const file = privileged === true ? undefined : usualSeccompFile();
  return file === undefined ? undefined : readSeccompProfile(file);
}

/** For people: `unconfined`, `own` for one of the container's own, or the file. */
export function seccompText({ privileged, seccomp }: Pick<Container, 'privileged' | 'seccomp'>): string {
  if (seccomp !== undefined) return seccomp === 'unconfined' ? seccomp : 'own';
  return (privileged === true ? undefined : usualSeccompFile()) ?? 'unconfined';
}
