/**
 * `stratafs --settle`: opens the layers, the lower ones without what is mounted in them, as a mount does, and has the
 * upper made plain. The lock is the caller's.
 */
import type { Fd } from '../base/ids.ts';
import { asName, nameToText, type Name } from '../base/name.ts';
import { UserError } from '../base/user-error.ts';
import { settle } from '../layer/settle.ts';
import { overlayNames } from '../layer/xattr-names.ts';
import { AT_FDCWD, O_DIRECTORY, O_RDONLY } from '../os/constants.ts';
import { findDetachedClone } from '../os/mount.ts';
import { openLayerSystem } from './layer-system.ts';
import type { EngineOptions } from './parts.ts';

/** See `layer/settle.ts` for what it throws. */
export async function settleUpper({ layers, format, identity, log }: EngineOptions): Promise<void> {
  if (layers.upper === undefined || layers.work === undefined) {
    throw new UserError('incomplete-upper', 'there is no upper to settle');
  }
  const { fs, onLayer } = openLayerSystem(layers, identity.permissions);
  const opened: Fd[] = [];
  const open = (path: Name, clone?: Fd): Fd => {
    if (clone !== undefined) opened.push(clone);
    const [dir, name] = clone === undefined ? [AT_FDCWD as Fd, path] : [clone, asName('.')];
    const fd = fs.openat(dir, name, O_RDONLY | O_DIRECTORY, 0);
    opened.push(fd);
    onLayer?.(fd, path);
    return fd;
  };
  const openLower = (path: Name): Fd => open(path, findDetachedClone(path, { readOnly: true }));
  try {
    const parts = {
      lowers: layers.lower.map(openLower),
      dataOnly: layers.dataOnly.map(openLower),
      aufs: format.whiteout !== 'overlay',
      upper: open(layers.upper),
      work: open(layers.work),
      index: format.index,
      names: overlayNames(format.userxattr),
    };
    await settle(fs, parts, ({ kind, path, message }) => {
      const shown = `${nameToText(path)}${message === undefined ? '' : `: ${message}`}`;
      if (kind === 'warning') log.warn(shown);
      else log.debug(`${kind} ${shown}`);
    });
  } finally {
    for (const fd of opened) fs.close(fd);
  }
}
