/**
 * A directory that shows no entry may still hold whiteouts in the upper; before it can be replaced it
 * has to be empty there, too. It changes places with an empty, opaque one of the same looks, in one step
 * (fs/overlayfs/dir.c, ovl_clear_empty).
 */
import type { Name } from '../base/name.ts';
import { copyXattrs } from '../layer/attributes.ts';
import { copyInodeFlags } from '../layer/inode-flags.ts';
import { setOpaque } from '../layer/opaque.ts';
import { exchange } from '../layer/renames.ts';
import { AT_REMOVEDIR } from '../os/constants.ts';
import { st } from '../os/host-fs.ts';
import type { UnionCore } from './core.ts';
import { listUpper } from './directory-index.ts';
import { letIn, letInToRead } from './let-in.ts';
import type { Node } from './node.ts';
import { giveTo } from './ownership.ts';
import type { RealDir } from './real-dir.ts';

/** Makes the upper directory of `node`, at (inside, name), empty. Nobody sees a difference. */
export function emptyUpper(core: UnionCore, node: Node, inside: RealDir, name: Name): void {
  const upper = node.dir?.upper;
  if (upper === undefined) return;
  const { fs, names } = core;
  const dir = core.dirs.fd(inside);
  const old = { dir, name };
  if (letInToRead(core, old, () => listUpper(fs, core.dirs, upper).names.length) === 0) return;
  const work = core.dirs.at(core.workDir());
  const temp = core.temps.next();
  fs.mkdirat(work, temp, 0o700);
  try {
    fs.statx(dir, name);
    const stat = fs.stat.slice();
    const field = (index: number): number => stat[index] ?? 0;
    giveTo(core, work, temp, field(st.uid), field(st.gid));
    letInToRead(core, old, () => {
      copyXattrs(fs, dir, name, work, temp, names);
    });
    setOpaque(fs, work, temp, names);
    fs.fchmodat(work, temp, field(st.mode) & 0o7777);
    copyInodeFlags(fs, old, work, temp);
    const atime = { sec: field(st.atimeSec), nsec: field(st.atimeNsec) };
    fs.utimensat(work, temp, atime, { sec: field(st.mtimeSec), nsec: field(st.mtimeNsec) });
    const fresh = { dir: work, name: temp, to: old };
    letIn(core, [fresh, { ...old, to: 'gone' }], () => {
      exchange(fs, { dir: work, name: temp }, old, { dir: work, name: core.temps.next() });
    });
  } catch (thrown) {
    fs.findUnlinkat(work, temp, AT_REMOVEDIR);
    throw thrown;
  }
  forgetBelow(core, node);
  core.dirs.drop(upper);
  core.discards.add(temp);
}

/** What hid the lower content has gone: from now on the node is opaque in memory, too. */
function forgetBelow(core: UnionCore, node: Node): void {
  const { dir } = node;
  if (dir === undefined) return;
  for (const lower of dir.lowers) core.dirs.drop(lower);
  dir.lowers = [];
  dir.index = undefined;
  dir.opaque = true;
  dir.impure = false;
  node.redirect = undefined;
}
