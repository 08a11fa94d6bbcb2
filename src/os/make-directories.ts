/**
 * Directories at paths that users name. `recursive` of mkdirSync() takes ENOENT for a parent that is missing, makes that, and tries
 * again for ever where it is there: procfs refuses new names so, and so does a directory that was removed while somebody is in it.
 */
import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/** Makes `path` and what is missing above it, with this mode; nothing where it is there. Throws Node's system error. */
export function makeDirectories(path: string, mode: number): void {
  const refusal = tryToMake(path, mode);
  if (refusal === undefined) return;
  if (refusal.code !== 'ENOENT') throw refusal;
  makeDirectories(dirname(path), mode);
  const secondRefusal = tryToMake(path, mode);
  if (secondRefusal !== undefined) throw secondRefusal;
}

/** Why it is not there. */
function tryToMake(path: string, mode: number): NodeJS.ErrnoException | undefined {
  try {
    mkdirSync(path, { mode });
    return undefined;
  } catch (thrown) {
    // Whatever it says, that the file system is read-only, perhaps: one that is there will do.
    return isDirectory(path) ? undefined : (thrown as NodeJS.ErrnoException);
  }
}

function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}
