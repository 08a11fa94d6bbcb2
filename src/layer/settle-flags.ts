/**
 * Nothing of an object that is immutable or append-only can be settled. So for as long as it takes its flags stand
 * in the attribute in which the kernel keeps them, where a mount after a crash still shows them; a second
 * attribute says that they were the object's own. Only a crash between two calls, when the object has its
 * flags no more and the attribute not yet, or the other way round, loses them: as long as it has them, no note can
 * be left on it.
 */
import type { Fd } from '../base/ids.ts';
import { asName, type Name } from '../base/name.ts';
import { O_NOFOLLOW, O_NONBLOCK, O_RDONLY } from '../os/constants.ts';
import type { HostFs } from '../os/host-fs.ts';
import { findOwnXattr } from './own-xattr.ts';
import { protection, readProtattr, removeProtattr, setProtattr } from './protattr.ts';
import type { SettleContext } from './settle-context.ts';
import type { OverlayNames } from './xattr-names.ts';

type Parts = Pick<SettleContext, 'fs' | 'names'>;

const self = asName('');

function liftedName(names: OverlayNames): Name {
  return asName(`${names.prefix}settleflags`);
}

/** Takes the flags from a regular file or a directory that has some. */
export function liftFlags({ fs, names }: Parts, dir: Fd, name: Name): void {
  withOpen(fs, dir, name, (fd) => {
    const flags = fs.getFlags(fd);
    const own = flags & protection;
    if (own === 0) return;
    fs.setFlags(fd, flags & ~protection);
    try {
      setProtattr(fs, fd, self, own | readProtattr(fs, fd, self, names), names);
      fs.setXattr(fd, self, liftedName(names), Buffer.from('y'), 0);
    } catch (error) {
      fs.setFlags(fd, flags);
      throw error;
    }
  });
}

/** Gives back what was taken. Nothing happens to an object of which nothing was. */
export function putFlagsBack({ fs, names }: Parts, dir: Fd, name: Name): void {
  if (findOwnXattr(fs, dir, name, liftedName(names), names) === undefined) return;
  withOpen(fs, dir, name, (fd) => {
    const flags = fs.getFlags(fd) | readProtattr(fs, fd, self, names);
    fs.findRemoveXattr(fd, self, liftedName(names));
    removeProtattr(fs, fd, self, names);
    fs.setFlags(fd, flags);
  });
}

function withOpen(fs: HostFs, dir: Fd, name: Name, act: (fd: Fd) => void): void {
  const fd =
    name === self ? fs.reopen(dir, O_RDONLY) : fs.openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);
  try {
    act(fd);
  } finally {
    fs.close(fd);
  }
}
