/**
 * `-e NAME=VALUE`, and `-e NAME`, which takes the value from the environment of the caller, or takes the
 * variable away where there is none.
 */
import { UserError } from '../base/user-error.ts';

/**
 * `base`, the image's `NAME=VALUE` entries, with `given` over it: later entries win, order is kept. UserError `bad-env`.
 */
export function mergeEnv(
  base: readonly string[],
  given: readonly string[],
  own: Readonly<Record<string, string | undefined>>,
): string[] {
  const merged = new Map(base.map((entry) => [nameOf(entry), entry] as const));
  for (const entry of given) {
    const name = nameOf(entry);
    if (name === '' || entry.includes('\0'))
      throw new UserError('bad-env', `invalid environment variable: ${entry}`, {
        hint: 'write -e NAME=VALUE',
      });
    const value = entry.includes('=') ? entry : own[name] === undefined ? undefined : `${name}=${own[name]}`;
    if (value === undefined) merged.delete(name);
    else merged.set(name, value);
  }
  return [...merged.values()];
}

function nameOf(entry: string): string {
  const at = entry.indexOf('=');
  return at < 0 ? entry : entry.slice(0, at);
}
