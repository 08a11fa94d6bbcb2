/**
 * Whiteouts of the upper. Where its file system takes no device for one they are files with an attribute; the upper's
 * root says so from then on, and each directory that holds one says it too, for whoever reads it as a layer.
 */
import { expectXattrWhiteouts } from '../layer/opaque.ts';
import { hasWhiteoutMark, isEmptyFileStat, isWhiteoutStat } from '../layer/whiteout.ts';
import { asName, type Name } from '../base/name.ts';
import type { UnionCore } from './core.ts';
import type { RealDir } from './real-dir.ts';
import { willHold } from './upper-names.ts';

const self = asName('');

/** Whether `name` in the directory `inside` of the upper, of which `core.fs.stat` tells, is a whiteout. */
export function isUpperWhiteout(core: UnionCore, inside: RealDir, name: Name): boolean {
  const { fs } = core;
  if (isWhiteoutStat(fs.stat)) return true;
  if (!inside.layer.xattrWhiteouts || !isEmptyFileStat(fs.stat)) return false;
  return hasWhiteoutMark(fs, core.dirs.fd(inside), name, core.names);
}

/** A whiteout is going to be in `inside` at `name`: call it before it is. */
export function willHide(core: UnionCore, inside: RealDir, name: Name): void {
  willHold(inside, name);
  if (inside.xattrWhiteouts || core.whiteoutMaker().form !== 'xattr') return;
  expectXattrWhiteouts(core.fs, core.dirs.fd(inside), self, core.names);
  inside.xattrWhiteouts = true;
}
