/**
 * `strata cp`: files between this machine and a container, with Docker's rules for where they go (`docker cp`): into a
 * directory that is there, else under the name given; `DIR/.` is what is in DIR.
 */
import { closeSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import type { Fd } from '../base/ids.ts';
import { asName, nameFromText, type Name } from '../base/name.ts';
import { UserError } from '../base/user-error.ts';
import { O_DIRECTORY, O_PATH, O_RDONLY, S_IFDIR, S_IFMT } from '../os/constants.ts';
import { st, type HostFs } from '../os/host-fs.ts';
import { InRoot } from '../os/in-root.ts';
import { createToolFs } from '../store/tool-fs.ts';
import type { Container } from './container.ts';
import { withPlace } from './container-place.ts';
import type { Place } from './copy-object.ts';
import { copyContent, copyTree, type CopyOptions } from './copy-tree.ts';
import type { Engine } from './engine.ts';

export interface CopyFilesOptions {
  /** Owners come along (`-a`); else what is copied belongs to root in the container, to the caller here. */
  readonly archive: boolean;
  /** A symbolic link as the source stands for what it leads to. */
  readonly followLink: boolean;
}

/** A path of this machine, as a root and a path below it. */
async function onHost<T>(path: string, act: (root: InRoot, path: string) => Promise<T>): Promise<T> {
  const root = new InRoot('/');
  const end = /(^|\/)\.$/.test(path) ? '/.' : path.endsWith('/') ? '/' : '';
  try {
    return await act(root, `${resolve(path)}${end}`);
  } finally {
    root.close();
  }
}

/** UserError `no-such-path`, and others that say what is in the way. */
export async function copyFromContainer(
  engine: Engine,
  container: Container,
  from: string,
  to: string,
  options: CopyFilesOptions,
): Promise<void> {
  const owner = options.archive
    ? {}
    : { owner: { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 } };
  await withPlace(engine, container, from, (source, path) =>
    onHost(to, (target, at) => copy({ root: source, path }, { root: target, path: at }, options, owner)),
  );
}

/** UserError as `copyFromContainer`. */
export async function copyToContainer(
  engine: Engine,
  container: Container,
  from: string,
  to: string,
  options: CopyFilesOptions,
): Promise<void> {
  const owner = options.archive ? {} : { owner: { uid: 0, gid: 0 } };
  await withPlace(engine, container, to, (target, at) =>
    onHost(from, (source, path) => copy({ root: source, path }, { root: target, path: at }, options, owner)),
  );
}

interface End {
  readonly root: InRoot;
  /** Its `/` at the end, or `/.`, means something. */
  readonly path: string;
}

async function copy(from: End, to: End, { followLink }: CopyFilesOptions, owner: CopyOptions): Promise<void> {
  const fs = createToolFs();
  const source = openSource(fs, from, followLink);
  const existing = to.root.findOpen(nameFromText(to.path === '' ? '/' : to.path), O_PATH);
  try {
    const isDirectory = isDirectoryAt(fs, source.directory, source.name);
    const contentOnly = /(^|\/)\.$/.test(from.path) || from.path === '' || from.path === '/';
    if (existing !== undefined && isDirectoryAt(fs, existing, asName(''))) {
      if (contentOnly && isDirectory) await copyInto(fs, source, existing, owner);
      else
        await copyTree(fs, source, { directory: existing, name: nameFromText(lastName(from.path)) }, owner);
      return;
    }
    if (isDirectory && existing !== undefined)
      throw new UserError('not-a-directory', `${to.path} is a file: a directory cannot be copied to it`);
    if (!isDirectory && existing === undefined && to.path.endsWith('/'))
      throw new UserError('no-such-path', `${to.path} is no directory`, {
        hint: 'make it first, or leave the slash out',
      });
    const parent = openParent(to);
    try {
      await copyTree(fs, source, { directory: parent, name: nameFromText(lastName(to.path)) }, owner);
    } finally {
      closeSync(parent);
    }
  } finally {
    closeSync(source.directory);
    if (existing !== undefined) closeSync(existing);
  }
}

/** The directory that holds it, and its name there; for a whole root, or the target of a link, itself and no name. */
function openSource(fs: HostFs, { root, path }: End, followLink: boolean): Place {
  const isWhole = /(^|\/)\.?$/.test(path);
  if (isWhole || followLink) {
    const object = root.findOpen(nameFromText(path === '' ? '/' : path), O_PATH);
    if (object === undefined) throw noSuchPath(path);
    return { directory: object, name: asName('') };
  }
  const parent = root.findOpen(nameFromText(dirname(path)), O_PATH | O_DIRECTORY);
  const name = nameFromText(basename(path));
  if (parent !== undefined && fs.findStatx(parent, name)) return { directory: parent, name };
  if (parent !== undefined) closeSync(parent);
  throw noSuchPath(path);
}

function openParent({ root, path }: End): Fd {
  const parent = root.findOpen(nameFromText(dirname(path.replace(/\/+$/, ''))), O_PATH | O_DIRECTORY);
  if (parent === undefined)
    throw new UserError('no-such-path', `the directory of ${path} is not there`, { hint: 'make it first' });
  return parent;
}

async function copyInto(fs: HostFs, source: Place, target: Fd, owner: CopyOptions): Promise<void> {
  const open = (place: Fd, name: Name): Fd =>
    fs.openat(place, name === '' ? asName('.') : name, O_RDONLY | O_DIRECTORY, 0);
  const [from, to] = [open(source.directory, source.name), open(target, asName(''))];
  try {
    await copyContent(fs, from, to, owner);
  } finally {
    fs.close(from);
    fs.close(to);
  }
}

function isDirectoryAt(fs: HostFs, directory: Fd, name: Name): boolean {
  fs.statx(directory, name);
  return ((fs.stat[st.mode] ?? 0) & S_IFMT) === S_IFDIR;
}

function lastName(path: string): string {
  return basename(path.replace(/(\/\.?)+$/, ''));
}

function noSuchPath(path: string): UserError {
  return new UserError('no-such-path', `there is no ${path === '' ? '/' : path}`, {
    hint: 'paths in a container are below its root',
  });
}
