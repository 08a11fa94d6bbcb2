/**
 * A further name for a file. The file is in the upper before, by its metadata at least; a metacopy file
 * needs a redirect then, since the new name says nothing of where its data lies. An error means that there is
 * no new name.
 */
import { isFsError, fsError } from '../base/fs-error.ts';
import type { Name } from '../base/name.ts';
import type { Attr } from '../vfs/attr.ts';
import type { Later } from '../vfs/file-system.ts';
import { afterwards } from './afterwards.ts';
import { finishAttributes, keyOf } from './attributes.ts';
import type { UnionCore } from './core.ts';
import { copyUp, upperDirOf } from './copy-up.ts';
import { checkName } from './create.ts';
import { countFromUpper } from './index-entry.ts';
import { markImpure } from './impure.ts';
import type { Node } from './node.ts';
import { withoutSeal } from './object-flags.ts';
import { noteAdded } from './readdir.ts';
import type { NameIn } from './rename.ts';
import { noFd, Place, type RealDir } from './real-dir.ts';
import { setFileRedirect } from './redirect-of.ts';
import { refuseNewName, refuseSealed } from './seals.ts';
import { willHold } from './upper-names.ts';
import { isUpperWhiteout } from './upper-whiteouts.ts';

/** Its attributes come to `attr`. EEXIST, EPERM for a directory. Waits while the file is being copied up. */
export function link(core: UnionCore, node: Node, to: NameIn, attr: Attr, unique: number): Later<void> {
  const { parent, name } = to;
  core.writable();
  if (node.isDirectory) throw fsError('EPERM');
  checkName(core, name);
  refuseSealed(node);
  refuseNewName(parent);
  if (node.busy !== undefined) {
    return core.interrupts.until(unique, node.busy).then(() => link(core, node, to, attr, unique));
  }
  const { parent: known } = node;
  // What has lost its names says nothing of where its data lies, either.
  const copying = copyUp(core, node, known === undefined ? 'data' : 'metadata', unique);
  if (copying !== undefined) return copying.then(() => link(core, node, to, attr, unique));
  const inside = upperDirOf(core, parent);
  if (node.copied || node.isMetacopy) markImpure(core, parent);
  if (node.isMetacopy && known !== undefined) setFileRedirect(core, node, { parent: known, name: node.name });
  countFromUpper(core, node);
  const key = readRaw(core, node, attr);
  finishAttributes(core, node, attr);
  withoutSeal(core, parent, () => {
    makeLink(core, node, inside, name);
  });
  attr.nlink += 1;
  const upper = node.upper as Place;
  if (upper.fd !== noFd && upper.dir === undefined) {
    core.fs.close(upper.fd);
    node.upper = new Place(inside.layer, inside, name);
  }
  core.nodes.addLink(node, parent, name);
  // From now on all names of the file lead to this node.
  core.nodes.addKey(node, key);
  noteAdded(core, parent, node, name);
  afterwards(core, () => {
    readRaw(core, node, attr);
    finishAttributes(core, node, attr);
  });
}

function makeLink(core: UnionCore, node: Node, inside: RealDir, name: Name): void {
  const { fs } = core;
  const upper = node.upper as Place;
  willHold(inside, name);
  try {
    fs.linkat(core.at(upper), upper.name, core.dirs.fd(inside), name);
    return;
  } catch (thrown) {
    if (!isFsError(thrown, 'EEXIST')) throw thrown;
  }
  const dir = core.dirs.fd(inside);
  fs.statx(dir, name);
  if (!isUpperWhiteout(core, inside, name)) throw fsError('EEXIST');
  const work = core.dirs.at(core.workDir());
  const temp = core.temps.next();
  fs.linkat(core.at(upper), upper.name, work, temp);
  try {
    fs.renameat2(work, temp, dir, name, 0);
  } catch (thrown) {
    fs.findUnlinkat(work, temp, 0);
    throw thrown;
  }
}

/** The attributes of its upper file, and the key of that. */
function readRaw(core: UnionCore, node: Node, attr: Attr): string {
  const upper = node.upper as Place;
  core.fs.statx(core.at(upper), upper.name, attr.buffer, attr.offset);
  return keyOf(core.fs, attr);
}
