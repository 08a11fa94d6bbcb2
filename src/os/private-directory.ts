/**
 * A directory of this user alone, for sockets above all: nobody else can plant one there, or reach one. What is in
 * it goes with the boot.
 */
import { lstatSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { isFirstUserNamespace } from './capability.ts';

/** The name of the directory, below a place for such. */
const ownName = 'stratafs';

/** The first of `places`, made if need be, that is this user's alone; undefined where none is. */
export function findPrivateDirectory(places: readonly string[] = usualPlaces()): string | undefined {
  return places.find(makePrivateDirectory);
}

function usualPlaces(): string[] {
  const uid = process.geteuid?.() ?? 0;
  const runRoot = join('/run', ownName);
  // One place, whether or not it is a session of root's.
  if (uid === 0 && isFirstUserNamespace()) return [runRoot];
  const session = process.env.XDG_RUNTIME_DIR;
  return [
    ...(session?.startsWith('/') === true ? [join(session, ownName)] : []),
    ...(uid === 0 ? [runRoot] : []),
    `/tmp/${ownName}-${String(uid)}`,
  ];
}

/** Whether it is, by now, a directory that is ours and closed to all others. One that somebody else has made is not. */
export function makePrivateDirectory(path: string): boolean {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'EEXIST') return false;
  }
  try {
    const found = lstatSync(path);
    return found.isDirectory() && found.uid === process.geteuid?.() && (found.mode & 0o077) === 0;
  } catch {
    return false;
  }
}
