/**
 * Variables of this process. Node's `process.env` has what every object has, a `toString` say, whatever the environment
 * holds.
 */

/** undefined where it is not set. */
export function findVariable(name: string): string | undefined {
  return Object.hasOwn(process.env, name) ? process.env[name] : undefined;
}
