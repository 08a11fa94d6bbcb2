/**
 * Names of volumes, by Docker's rule: they are directories in the data root, and a volume made here must be one
 * that Docker takes.
 */
import { randomBytes } from 'node:crypto';
import { UserError } from '../base/user-error.ts';

/** UserError `bad-volume-name`. */
export function checkVolumeName(name: string): void {
  if (name.length === 1)
    throw new UserError(
      'bad-volume-name',
      'volume name is too short, names should be at least two alphanumeric characters',
    );
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(name))
    throw new UserError(
      'bad-volume-name',
      `"${name}" includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed`,
      { hint: 'if you intended to pass a host directory, use an absolute path' },
    );
}

/** For a volume that nobody named. */
export function anonymousVolumeName(): string {
  return randomBytes(32).toString('hex');
}

/** Whether a name was given by `anonymousVolumeName`. */
export function isAnonymous(name: string): boolean {
  return /^[0-9a-f]{64}$/.test(name);
}
