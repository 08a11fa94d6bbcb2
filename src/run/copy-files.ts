/**
 * `strata cp`: files between this machine and a container, with Docker's rules for where they go (`docker cp`): into a
 * directory that is there, else under the name given; `DIR/.` is what is in DIR.
 */
import { closeSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Fd } from '../base/ids.ts';
import { asName, type Name } from '../base/name.ts';
import { asUnreadable } from '../base/unreadable.ts';
import { UserError } from '../base/user-error.ts';
import { O_DIRECTORY, O_RDONLY, S_IFDIR, S_IFIFO, S_IFREG, S_IFSOCK } from '../os/constants.ts';
import type { HostFs } from '../os/host-fs.ts';
import { InRoot } from '../os/in-root.ts';
import { createToolFs } from '../store/tool-fs.ts';
import type { Container } from './container.ts';
import { withPlace, withWritablePlace } from './container-place.ts';
import {
  findOpen,
  isContent,
  isDirectoryAt,
  nameOf,
  openSource,
  openTarget,
  typeAt,
  type End,
} from './copy-end.ts';
import type { Place } from './copy-object.ts';
import type { Called } from './copy-refusal.ts';
import { copyContent, copyTree, type CopyOptions } from './copy-tree.ts';
import type { Engine } from './engine.ts';

export interface CopyFilesOptions {
  /** Owners come along (`-a`); else what is copied belongs to root in the container, to the caller here. */
  readonly archive: boolean;
  /** A symbolic link as the source stands for what it leads to. */
  readonly followLink: boolean;
}

/** Types of what a copy under its name may take the place of: on this machine what others work with stays. */
const replacedHere: readonly number[] = [S_IFREG];
/** In a container, whose own business a FIFO is, as Docker has it. */
const replacedInside: readonly number[] = [S_IFREG, S_IFIFO, S_IFSOCK];

/** A path of this machine. */
async function onHost<T>(asked: string, act: (end: End) => Promise<T>): Promise<T> {
  const root = new InRoot('/');
  const tail = /(^|\/)\.$/.test(asked) ? '/.' : asked.endsWith('/') ? '/' : '';
  const path = `${resolve(asked)}${tail}`;
  try {
    return await act({ root, path, asked: path });
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
  await withPlace(engine, container, from, (root, path) =>
    onHost(to, (target) =>
      copy({ root, path, asked: from }, target, options, { ...owner, replaced: replacedHere }),
    ),
  );
}

/** UserError as `copyFromContainer`, and `read-only`. */
export async function copyToContainer(
  engine: Engine,
  container: Container,
  from: string,
  to: string,
  options: CopyFilesOptions,
): Promise<void> {
  const owner = options.archive ? {} : { owner: { uid: 0, gid: 0 } };
  await withWritablePlace(engine, container, to, (root, path) =>
    onHost(from, (source) =>
      copy(source, { root, path, asked: to }, options, { ...owner, replaced: replacedInside }),
    ),
  );
}

async function copy(
  from: End,
  to: End,
  { followLink }: CopyFilesOptions,
  { replaced, ...owner }: Pick<CopyOptions, 'owner'> & { readonly replaced: readonly number[] },
): Promise<void> {
  const fs = createToolFs();
  const options = { ...owner, called: { from: from.asked.replace(/(\/\.?)+$/, ''), to: to.asked } };
  const source = openSource(fs, from, followLink);
  let existing: Fd | undefined;
  try {
    existing = findOpen(to);
    const isDirectory = isDirectoryAt(fs, source);
    const there = existing === undefined ? undefined : typeAt(fs, { directory: existing, name: asName('') });
    if (existing !== undefined && there === S_IFDIR) {
      if (isContent(from) && isDirectory) await copyInto(fs, source, existing, options);
      else await copyTree(fs, source, { directory: existing, name: nameOf(from) }, options);
      return;
    }
    if (isDirectory && there !== undefined)
      throw new UserError('not-a-directory', `${to.asked} is a file: a directory cannot be copied to it`);
    if (there !== undefined && !replaced.includes(there))
      throw new UserError('not-replaced', `destination "${to.asked}" must be a directory or a regular file`, {
        hint: 'a copy would take the place of what is there',
      });
    if (!isDirectory && there === undefined && to.asked.endsWith('/'))
      throw new UserError('no-such-path', `${to.asked} is no directory`, {
        hint: 'make it first, or leave the slash out',
      });
    const target = openTarget(to);
    try {
      await copyTree(fs, source, target, options);
    } finally {
      closeSync(target.directory);
    }
  } finally {
    closeSync(source.directory);
    if (existing !== undefined) closeSync(existing);
  }
}

async function copyInto(
  fs: HostFs,
  source: Place,
  target: Fd,
  options: CopyOptions & { readonly called: Called },
): Promise<void> {
  const open = (place: Fd, name: Name, called: string): Fd => {
    try {
      return fs.openat(place, name === '' ? asName('.') : name, O_RDONLY | O_DIRECTORY, 0);
    } catch (thrown) {
      throw asUnreadable(thrown, called);
    }
  };
  const from = open(source.directory, source.name, options.called.from);
  const to = open(target, asName(''), options.called.to);
  try {
    await copyContent(fs, from, to, options);
  } finally {
    fs.close(from);
    fs.close(to);
  }
}
