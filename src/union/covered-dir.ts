/**
 * Directories of a layer on which something is mounted. In a private clone of a layer there are none; where
 * clones are refused, an ordinary user cannot look below a mount. What is mounted there is no part
 * of the layer and is never touched, as it may be the union itself, which would wait for its own answer. Such
 * a directory shows as an empty one that looks like the directory that holds it.
 */
import { FsError, fsError } from '../base/fs-error.ts';
import { asName, type Name } from '../base/name.ts';
import { S_IFDIR, S_IFMT, STATX_ATTR_MOUNT_ROOT } from '../os/constants.ts';
import { st } from '../os/host-fs.ts';
import type { Attr } from '../vfs/attr.ts';
import type { UnionCore } from './core.ts';
import { listUpper } from './directory-index.ts';
import { RealDir, type Place } from './real-dir.ts';

/** Its attributes are read at the place of the directory that holds it. Nothing is ever written by way of it. */
class CoveredDir extends RealDir {
  override readonly isCovered = true;
  readonly #path: Name;

  constructor(inside: RealDir, name: Name) {
    super(inside.layer, inside.dir, inside.name, inside.fd);
    this.#path = asName(`${inside.path().replace(/\/$/, '')}/${name}`);
  }

  override path(): Name {
    return this.#path;
  }
}

/** Looks at `name` in a real directory; false where there is nothing. `core.fs.stat` tells, too. */
export function findStat(core: UnionCore, dir: RealDir, name: Name, attr: Attr): boolean {
  const fd = core.dirs.fd(dir);
  if (dir.layer.detached) return core.fs.findStatx(fd, name, attr.buffer, attr.offset);
  if (!core.fs.findStatxApart(fd, name, attr.buffer, attr.offset)) return false;
  if (isCovered(core)) standIn(core, dir, name, attr);
  return true;
}

/** The attributes of a real object that was found before. EXDEV for a directory on which something was mounted since. */
export function statPlace(core: UnionCore, place: Place, attr: Attr): void {
  const at = core.at(place);
  if (place.layer.detached || place.dir === undefined) {
    core.fs.statx(at, place.name, attr.buffer, attr.offset);
    return;
  }
  if (!core.fs.findStatxApart(at, place.name, attr.buffer, attr.offset)) throw fsError('ENOENT');
  if (isCovered(core)) throw fsError('EXDEV');
}

/** Whether what `findStat` looked at last is a covered directory. */
export function isCovered(core: UnionCore): boolean {
  const { stat } = core.fs;
  const isRoot = ((stat[st.attributes] ?? 0) & STATX_ATTR_MOUNT_ROOT) !== 0;
  return isRoot && ((stat[st.mode] ?? 0) & S_IFMT) === S_IFDIR;
}

/** The directory `name` of `inside` that `findStat` looked at last. */
export function foundDirectory(core: UnionCore, inside: RealDir, name: Name): RealDir {
  const dir = isCovered(core) ? new CoveredDir(inside, name) : new RealDir(inside.layer, inside, name);
  dir.size = core.fs.stat[st.size] ?? 0;
  dir.dev = core.fs.stat[st.dev] ?? dir.dev;
  return dir;
}

/** What is known of a covered directory is its inode number: the directory that holds it tells. */
function standIn(core: UnionCore, dir: RealDir, name: Name, attr: Attr): void {
  let { inoLow, inoHigh } = attr;
  try {
    const { names, inos } = listUpper(core.fs, core.dirs, dir);
    const i = names.indexOf(name);
    inoLow = inos[2 * i] ?? inoLow;
    inoHigh = inos[2 * i + 1] ?? inoHigh;
  } catch (thrown) {
    // It cannot be read: any number is as good.
    if (!(thrown instanceof FsError)) throw thrown;
  }
  core.fs.statx(core.dirs.fd(dir), asName(''), attr.buffer, attr.offset);
  attr.setIno(inoLow, inoHigh);
  core.fs.stat[st.attributes] = (core.fs.stat[st.attributes] ?? 0) | STATX_ATTR_MOUNT_ROOT;
}
