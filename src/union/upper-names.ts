/**
 * What an upper directory may hold, in memory: we alone write it, so a name that is not in the set is not
 * there, and no system call has to say so. Names are only ever added; one that has gone costs a statx.
 */
import { isFsError } from '../base/fs-error.ts';
import type { Name } from '../base/name.ts';
import type { UnionCore } from './core.ts';
import { listUpper } from './directory-index.ts';
import type { RealDir } from './real-dir.ts';

/** A directory is read after so many misses, unless it is too large to be kept. */
const missesBeforeReading = 4;
const maxNames = 20_000;
const bytesPerName = 32;

/** Whether a look at the disk can find `name` in `dir`. */
export function mayHold(core: UnionCore, dir: RealDir, name: Name): boolean {
  if (core.features.layersChange === true) return true;
  if (dir.names !== undefined) return dir.names.has(name);
  dir.misses += 1;
  if (dir.misses !== missesBeforeReading || dir.size > maxNames * bytesPerName) return true;
  const names = findNames(core, dir);
  if (names === undefined || names.length > maxNames) return true;
  dir.names = new Set(names);
  return dir.names.has(name);
}

/** undefined where the directory may be searched and not read. */
function findNames(core: UnionCore, dir: RealDir): readonly Name[] | undefined {
  try {
    return listUpper(core.fs, core.dirs, dir).names;
  } catch (thrown) {
    if (isFsError(thrown, 'EACCES')) return undefined;
    throw thrown;
  }
}

/** `name` is going to be in `dir`: call it before it is. */
export function willHold(dir: RealDir, name: Name): void {
  if (dir.names === undefined) return;
  if (dir.names.size < maxNames) dir.names.add(name);
  else dir.names = undefined;
}

/** A directory that was made just now holds nothing. */
export function holdsNothing(dir: RealDir): void {
  dir.names = new Set();
  dir.hasAufsNames = false;
}
