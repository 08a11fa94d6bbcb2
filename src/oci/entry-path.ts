/**
 * What the path of an entry in a layer's tar asks for: an object, or one of the marks that are names there
 * (`.wh.NAME`, `.wh..wh..opq`: OCI image specification, layer.md, "Whiteouts"). A mark is never an object.
 */
import { asName, type Name } from '../base/name.ts';
import { aufsWhiteoutTarget, isAufsMetadata, isAufsOpaque } from '../layer/aufs.ts';
import { PATH_MAX } from '../os/constants.ts';
import { badLayer } from './bad-layer.ts';

export interface EntryPath {
  /**
   * `whiteout`: `name` is hidden. `opaque`: what lies below `parent` is. `metadata`: AUFS's own business, which
   * means nothing here. `root`: the layer's own directory.
   */
  readonly kind: 'root' | 'object' | 'whiteout' | 'opaque' | 'metadata';
  /** Of the directory; empty for the layer's own. */
  readonly parent: string;
  readonly name: Name;
}

/** `plain`: no layer, and every name is one of an object. Throws UserError `bad-layer`. */
export function parseEntryPath(path: Name, plain: boolean): EntryPath {
  const components = componentsOf(path);
  const name = asName(components.pop() ?? '');
  const parent = components.join('/');
  if (name === '') return { kind: 'root', parent, name };
  if (plain) return { kind: 'object', parent, name };
  const marks = [...components, name].filter((component) => isAufsMetadata(asName(component)));
  if (marks.length === 0) return { kind: 'object', parent, name };
  const [first = ''] = marks;
  if (first !== name || marks.length > 1) {
    // AUFS keeps links in .wh..wh.plnk.
    if (aufsWhiteoutTarget(asName(first)) === undefined) return { kind: 'metadata', parent, name };
    throw badLayer('it lies below a whiteout', path);
  }
  if (isAufsOpaque(name)) return { kind: 'opaque', parent, name };
  const hidden = aufsWhiteoutTarget(name);
  if (hidden === '.' || hidden === '..' || name === '.wh.') throw badLayer('a whiteout of no name', path);
  return hidden === undefined
    ? { kind: 'metadata', parent, name }
    : { kind: 'whiteout', parent, name: hidden };
}

/** The path that a hard link leads to: its directory and its name. Throws UserError `bad-layer`. */
export function parseLinkPath(linkName: Name, entry: Name): { readonly parent: string; readonly name: Name } {
  const components = componentsOf(linkName, entry);
  const name = asName(components.pop() ?? '');
  if (name === '') throw badLayer('a hard link to a directory', entry);
  return { parent: components.join('/'), name };
}

function componentsOf(path: Name, entry = path): string[] {
  if (path.length >= PATH_MAX) throw badLayer('its path is too long', entry);
  if (path.includes('\0')) throw badLayer('there is a NUL in its path', entry);
  const components = path.split('/').filter((component) => component !== '' && component !== '.');
  if (components.includes('..')) throw badLayer('its path leads out with ..', entry);
  if (path === '') throw badLayer('it has no path', entry);
  return components;
}
