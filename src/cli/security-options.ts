/**
 * `--security-opt`: the filter of system calls, and whether programs may get more rights. Profiles of AppArmor and labels of
 * SELinux there are none of, so to ask for none is to have them.
 */
import { UserError } from '../base/user-error.ts';
import type { ContainerRequest } from '../run/create-container.ts';
import { readSeccompProfile } from '../run/seccomp-profile.ts';

/** Docker's for a command line that makes no sense. */
const exitCode = 125;

/** The last one of a kind counts. UserError `bad-option`, `bad-seccomp`. */
export function parseSecurityOptions(
  texts: readonly string[],
): Pick<ContainerRequest, 'noNewPrivileges' | 'seccomp'> {
  let noNewPrivileges = false;
  let seccomp: ContainerRequest['seccomp'];
  for (const text of texts) {
    const [, name = '', value] = /^([a-z-]+)(?:[:=](.*))?$/s.exec(text) ?? [];
    if (name === 'no-new-privileges' && /^(true|false)?$/.test(value ?? ''))
      noNewPrivileges = value !== 'false';
    // Docker's for the profile that it brings along.
    else if (name === 'seccomp' && value === 'builtin') seccomp = undefined;
    else if (name === 'seccomp' && value !== undefined && value !== '')
      seccomp = value === 'unconfined' ? value : readSeccompProfile(value);
    else if (!/^apparmor[:=]unconfined$|^label[:=]disable$/.test(text))
      throw new UserError('bad-option', `--security-opt ${text} is not there`, {
        hint: 'there are no-new-privileges, seccomp=FILE and seccomp=unconfined',
        exitCode,
      });
  }
  return { noNewPrivileges, seccomp };
}
