/**
 * What is wrong with a tar that somebody else has made, said with the entry that it was found at.
 */
import { nameToText } from '../base/name.ts';
import { UserError } from '../base/user-error.ts';

/** UserError `bad-layer`. `entry`: the path in the tar as it stands there, bytes; undefined before there is one. */
export function badLayer(what: string, entry?: string, cause?: unknown): UserError {
  const where = entry === undefined ? '' : ` at ${JSON.stringify(nameToText(entry))}`;
  return new UserError('bad-layer', `the tar is bad${where}: ${what}`, { cause });
}
