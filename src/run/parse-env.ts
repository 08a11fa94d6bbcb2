/**
 * `-e NAME=VALUE`, and `-e NAME`, which takes the value from the environment of the caller, or takes the
 * variable away where there is none.
 */
import { UserError } from '../base/user-error.ts';

/**
 * `base`, the image's `NAME=VALUE` entries, with `given` over it: later entries win, order is kept. `find` knows the variables of
 * the caller. UserError `bad-env`.
 */
export function mergeEnv(
  base: readonly string[],
  given: readonly string[],
  find: (name: string) => string | undefined,
): string[] {
  const merged = new Map(base.map((entry) => [nameOf(entry), entry] as const));
  for (const entry of given) {
    const name = nameOf(entry);
    if (name === '' || entry.includes('\0'))
      throw new UserError('bad-env', `invalid environment variable: ${entry}`, {
        hint: 'write -e NAME=VALUE',
      });
    const value = entry.includes('=') ? entry.slice(name.length + 1) : find(name);
    if (value === undefined) merged.delete(name);
    else merged.set(name, `${name}=${value}`);
  }
  return [...merged.values()];
}

function nameOf(entry: string): string {
  const at = entry.indexOf('=');
  return at < 0 ? entry : entry.slice(0, at);
}
