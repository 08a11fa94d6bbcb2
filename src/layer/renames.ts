/**
 * What rename(2) has flags for, in an upper: two names that change places, a name that must be free, a whiteout
 * that is left behind. A file system may know no flags and answers EINVAL then (FUSE, Ceph, and others that the
 * kernel's overlayfs refuses as an upper). There each is several steps. Our mount shows none of them, since nobody
 * is answered meanwhile, and an error takes all of them back. But a crash amid them leaves what was to be
 * replaced in the work directory, which the next mount empties, and shows what lies below it.
 */
import { fsError, isFsError } from '../base/fs-error.ts';
import type { Fd } from '../base/ids.ts';
import type { Name } from '../base/name.ts';
import { RENAME_EXCHANGE, RENAME_NOREPLACE } from '../os/constants.ts';
import type { HostFs } from '../os/host-fs.ts';

export interface Entry {
  readonly dir: Fd;
  readonly name: Name;
}

/** `one` and `other` change places. `aside`: a free name in the work directory, and free again afterwards. */
export function exchange(fs: HostFs, one: Entry, other: Entry, aside: Entry): void {
  if (tryFlag(fs, one, other, RENAME_EXCHANGE)) return;
  inTurn(fs, [
    { from: other, to: aside },
    { from: one, to: other },
    { from: aside, to: one },
  ]);
}

/** EEXIST where `to` is not free. */
export function renameToFree(fs: HostFs, from: Entry, to: Entry): void {
  if (tryFlag(fs, from, to, RENAME_NOREPLACE)) return;
  if (fs.findStatx(to.dir, to.name)) throw fsError('EEXIST');
  inTurn(fs, [{ from, to }]);
}

/**
 * `from` goes to `to`, in the place of what may be there, and `whiteout`, which lies in the work directory, to
 * where it was. Answers whether what was replaced is at `aside` now, likewise in the work directory.
 */
export function leaveWhiteout(
  fs: HostFs,
  names: Readonly<Record<'from' | 'to' | 'whiteout' | 'aside', Entry>>,
): boolean {
  const { from, to, whiteout, aside } = names;
  const replaces = fs.findStatx(to.dir, to.name);
  inTurn(fs, [...(replaces ? [{ from: to, to: aside }] : []), { from, to }, { from: whiteout, to: from }]);
  return replaces;
}

/** False where the file system does not know the flag. */
function tryFlag(fs: HostFs, from: Entry, to: Entry, flag: number): boolean {
  try {
    fs.renameat2(from.dir, from.name, to.dir, to.name, flag);
    return true;
  } catch (thrown) {
    if (!isFsError(thrown, 'EINVAL')) throw thrown;
    return false;
  }
}

/** All of it, or nothing. */
function inTurn(fs: HostFs, steps: readonly { readonly from: Entry; readonly to: Entry }[]): void {
  const [step, ...rest] = steps;
  if (step === undefined) return;
  const { from, to } = step;
  fs.renameat2(from.dir, from.name, to.dir, to.name, 0);
  try {
    inTurn(fs, rest);
  } catch (thrown) {
    fs.renameat2(to.dir, to.name, from.dir, from.name, 0);
    throw thrown;
  }
}
