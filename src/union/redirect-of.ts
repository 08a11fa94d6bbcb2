/**
 * Redirects that we write: a directory that is renamed while parts of it stay below, and a metacopy file
 * whose name changes, say where they came from (fs/overlayfs/dir.c, ovl_set_redirect).
 */
import { fsError, FsError } from '../base/fs-error.ts';
import { asName, type Name } from '../base/name.ts';
import { setRedirect } from '../layer/redirect.ts';
import { PATH_MAX } from '../os/constants.ts';
import type { UnionCore } from './core.ts';
import type { Node } from './node.ts';
import type { Place } from './real-dir.ts';

/** A name of an object, by which it is found before it is renamed or linked. */
interface NameOf {
  readonly parent: Node;
  readonly name: Name;
}

/**
 * Before `node`, a directory with lower parts, is renamed from `from`. `sameParent`: to another name in its
 * directory, which a relative redirect survives. EXDEV where redirects are off, or this one cannot be stored:
 * the caller of rename(2) then copies.
 */
export function setDirectoryRedirect(core: UnionCore, node: Node, from: NameOf, sameParent: boolean): void {
  if (core.features.redirectDir !== 'on') throw fsError('EXDEV');
  if (node.redirect?.startsWith('/') === true || (node.redirect !== undefined && sameParent)) return;
  store(core, node, sameParent ? from.name : pathBelow(node, from));
}

/** Before a metacopy file that has the name `from` gets another one. */
export function setFileRedirect(core: UnionCore, node: Node, from: NameOf): void {
  if (node.redirect?.startsWith('/') === true) return;
  store(core, node, pathBelow(node, from));
}

/**
 * Where the lowers together show what `node` has below it. That is no path in the layer in which its lower
 * part lies, where it may have another name, but one in the union of the lowers: the names of the upper up to
 * the nearest redirect (fs/overlayfs/dir.c, ovl_get_redirect).
 */
function pathBelow(node: Node, from: NameOf): Name {
  let path: string = node.redirect ?? from.name;
  for (let dir = from.parent; dir.parent !== undefined; dir = dir.parent) {
    path = `${dir.redirect ?? dir.name}/${path}`;
    if (path.startsWith('/')) return asName(path);
  }
  return asName(`/${path}`);
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
