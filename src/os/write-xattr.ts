/**
 * Sets an extended attribute, for programs that are no file server: unlike `RealFs` it leaves the process as it is
 * (umask and all).
 */
import { FsError } from '../base/fs-error.ts';
import { nameToText, type Name } from '../base/name.ts';
import { getAddon } from './addon.ts';
import { AT_FDCWD } from './constants.ts';

/** Of what is at `path` itself, a symbolic link too. Throws FsError (EPERM, EOPNOTSUPP). */
export function setXattr(path: Name, attribute: Name, value: Uint8Array): void {
  const answer = getAddon().setxattr(AT_FDCWD, path, attribute, value, 0);
  if (answer < 0) throw new FsError(-answer, { syscall: 'setxattr', path: nameToText(path) });
}
