/** Where a path really leads, found out by another thread: a path may lead through what this very process serves. */
import { realpath } from 'node:fs/promises';
import { asName, type Name } from '../base/name.ts';

/** Without symbolic links and dots (realpath(3)). Rejects with Node's system error where nothing is there. */
export async function findRealPath(path: Name): Promise<Name> {
  const found = await realpath(Buffer.from(path, 'latin1'), { encoding: 'buffer' });
  return asName(found.toString('latin1'));
}
