/**
 * The version of this package, from the one place that has it.
 */
import { readFileSync } from 'node:fs';

/** As in package.json, which lies two directories above this file in a checkout and in dist/ alike. */
export function readPackageVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
