/**
 * What makes a bind mount read-only for a runtime: with all that is mounted below its source where kernel and runtime
 * can, as in Docker from version 25 on.
 */
import { spawnSync } from 'node:child_process';
import { UserError } from '../base/user-error.ts';
import { knowsMountAttributes } from '../os/mount.ts';
import type { BindRequest } from './mount-request.ts';

/** Options of the specification for runtimes; none for a mount that may be written. UserError `no-recursive-read-only`. */
export function readOnlyOptions(
  { readOnly, recursive, below, target }: BindRequest,
  runtime: string,
): readonly string[] {
  if (!readOnly) return [];
  if (!recursive || below === 'writable') return ['ro'];
  if (below === 'readonly' && !(knowsMountAttributes() && knowsRecursion(runtime)))
    throw new UserError('no-recursive-read-only', `${target} cannot be mounted read-only recursively here`, {
      hint: 'it takes Linux 5.12, and runc 1.1 or a crun that has the command features: leave bind-recursive=readonly out',
      exitCode: 125,
    });
  // A runtime that does not know the second makes of the first what it can.
  return knowsMountAttributes() ? ['ro', 'rro'] : ['ro'];
}

function knowsRecursion(runtime: string): boolean {
  const { stdout } = spawnSync(runtime, ['features'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  try {
    const { mountOptions } = JSON.parse(stdout) as { mountOptions?: unknown };
    return Array.isArray(mountOptions) && mountOptions.includes('rro');
  } catch {
    return false;
  }
}
