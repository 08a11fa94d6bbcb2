/**
 * A directory that shows no entry may still hold whiteouts in the upper; before it can be replaced it
 * has to be empty there, too. It changes places with an empty, opaque one of the same looks, in one step
 * (fs/overlayfs/dir.c, ovl_clear_empty).
 */
import type { Name } from '../base/name.ts';
import { copyXattrs } from '../layer/attributes.ts';
import { setOpaque } from '../layer/opaque.ts';
import { AT_REMOVEDIR, RENAME_EXCHANGE } from '../os/constants.ts';
import { st } from '../os/host-fs.ts';
import type { UnionCore } from './core.ts';
import { listUpper } from './directory-index.ts';
import type { Node } from './node.ts';
import type { RealDir } from './real-dir.ts';

/**
 * Makes the upper directory of `node`, at (inside, name), empty; answers the name in the work directory
 * of what is to be removed, if anything.
 */
export function emptiedDirectory(core: UnionCore, node: Node, inside: RealDir, name: Name): Name | undefined {
  const upper = node.dir?.upper;
  if (upper === undefined || listUpper(core.fs, core.dirs, upper).names.length === 0) return undefined;
  const { fs, names } = core;
  const dir = core.dirs.fd(inside);
  const work = core.dirs.at(core.workDir());
  const temp = core.temps.next();
  fs.mkdirat(work, temp, 0o700);
  try {
    fs.statx(dir, name);
    const stat = fs.stat.slice();
    fs.fchownat(work, temp, stat[st.uid] ?? 0, stat[st.gid] ?? 0);
    copyXattrs(fs, dir, name, work, temp, names);
    setOpaque(fs, work, temp, names);
    fs.fchmodat(work, temp, (stat[st.mode] ?? 0) & 0o7777);
    fs.renameat2(work, temp, dir, name, RENAME_EXCHANGE);
  } catch (thrown) {
    fs.findUnlinkat(work, temp, AT_REMOVEDIR);
    throw thrown;
  }
  core.dirs.drop(upper);
  return temp;
}
