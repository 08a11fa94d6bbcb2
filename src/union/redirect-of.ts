/**
 * Redirects that we write: a directory that is renamed while parts of it stay below, and a metacopy file
 * whose name changes, say where they came from (fs/overlayfs/dir.c, ovl_set_redirect).
 */
import { fsError, FsError } from '../base/fs-error.ts';
import type { Name } from '../base/name.ts';
import { setRedirect } from '../layer/redirect.ts';
import { PATH_MAX } from '../os/constants.ts';
import type { UnionCore } from './core.ts';
import type { Node } from './node.ts';
import type { Place } from './real-dir.ts';

/**
 * Before `node`, a directory with lower parts, is renamed. `sameParent`: to another name in its directory,
 * which a relative redirect survives. EXDEV where redirects are off, or this one cannot be stored: the
 * caller of rename(2) then copies.
 */
export function setDirectoryRedirect(core: UnionCore, node: Node, sameParent: boolean): void {
  if (core.features.redirectDir !== 'on') throw fsError('EXDEV');
  const lower = node.lower as Place;
  if (node.redirect?.startsWith('/') === true || (node.redirect !== undefined && sameParent)) return;
  const isBeside = node.parent?.dir?.lowers.some((dir) => dir === lower.dir) === true;
  store(core, node, sameParent && isBeside ? lower.name : lower.path());
}

/** Before a metacopy file gets another name. */
export function setFileRedirect(core: UnionCore, node: Node): void {
  if (node.redirect?.startsWith('/') === true || node.lower === undefined) return;
  store(core, node, node.lower.path());
}

function store(core: UnionCore, node: Node, value: Name): void {
  const upper = node.upper as Place;
  if (value.length >= PATH_MAX) throw fsError('EXDEV');
  try {
    setRedirect(core.fs, core.at(upper), upper.name, value, core.names);
  } catch (thrown) {
    if (thrown instanceof FsError && tooLong.has(thrown.code)) throw fsError('EXDEV');
    throw thrown;
  }
  node.redirect = value;
}

/** What file systems answer to a value that has no room in an inode's attributes. */
const tooLong: ReadonlySet<string> = new Set(['ENOSPC', 'E2BIG', 'ERANGE', 'EOPNOTSUPP']);
