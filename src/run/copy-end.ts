/**
 * One end of `strata cp`: a root that somebody else fills, and a path in it, found without leaving the root. Docker's rules
 * for what the end of a path means are here.
 */
import { closeSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { isFsError } from '../base/fs-error.ts';
import type { Fd } from '../base/ids.ts';
import { asName, nameFromText, type Name } from '../base/name.ts';
import { asUnreadable } from '../base/unreadable.ts';
import { UserError } from '../base/user-error.ts';
import { O_PATH, S_IFDIR, S_IFMT } from '../os/constants.ts';
import { st, type HostFs } from '../os/host-fs.ts';
import type { InRoot } from '../os/in-root.ts';
import type { Place } from './copy-object.ts';

export interface End {
  readonly root: InRoot;
  /** Below the root; its `/` at the end, or `/.`, means something. */
  readonly path: string;
  /** As it was given, which differs where the root is that of a mount: it says what the object is called. */
  readonly asked: string;
}

/** Whether what is in it is meant, and not the directory: `DIR/.`. */
export function isContent({ asked }: End): boolean {
  return /(^|\/)\.$/.test(asked) || /^\/*$/.test(asked);
}

/** What the object is called; empty for the root. */
export function nameOf({ asked }: End): Name {
  return nameFromText(basename(asked.replace(/(\/\.?)+$/, '')));
}

/** Through links, O_PATH; undefined where there is nothing. UserError `link-loop`, `link-of-process`, `unreadable`. */
export function findOpen(end: End): Fd | undefined {
  const { root, path } = end;
  return looking(end, () => root.findOpen(nameFromText(path === '' ? '/' : path), O_PATH));
}

/**
 * The directory that holds it, O_PATH, and its name there; for a whole root, or the target of a link, itself and no
 * name. UserError `no-such-path`, `link-loop`, `link-of-process`, `unreadable`.
 */
export function openSource(fs: HostFs, end: End, followLink: boolean): Place {
  const isWhole = /(^|\/)\.?$/.test(end.path);
  if (isWhole || followLink) {
    const object = findOpen(end);
    if (object === undefined) throw noSuchPath(end);
    return { directory: object, name: asName('') };
  }
  const parent = looking(end, () => end.root.findDirectory(nameFromText(dirname(end.path))));
  const name = nameFromText(basename(end.path));
  if (parent === undefined) throw noSuchPath(end);
  try {
    if (looking(end, () => fs.findStatx(parent, name))) return { directory: parent, name };
    throw noSuchPath(end);
  } catch (thrown) {
    closeSync(parent);
    throw thrown;
  }
}

/**
 * Where something that goes to no directory comes to lie: through links, as `docker cp` has it, also those that lead to
 * nothing yet. UserError `no-such-path`, `link-loop`, `link-of-process`, `unreadable`.
 */
export function openTarget(end: End): Place {
  const { root, path, asked } = end;
  const target = looking(end, () => root.endOf(nameFromText(path.replace(/\/+$/, ''))));
  const directory = looking(end, () => root.findDirectory(asName(dirname(target))));
  if (directory === undefined)
    throw new UserError('no-such-path', `the directory of ${asked} is not there`, { hint: 'make it first' });
  return { directory, name: asName(basename(target)) };
}

/** Whether it is a directory by itself, and no link to one. */
export function isDirectoryAt(fs: HostFs, place: Place): boolean {
  return typeAt(fs, place) === S_IFDIR;
}

/** Its S_IFMT bits; of a link its own. */
export function typeAt(fs: HostFs, { directory, name }: Place): number {
  fs.statx(directory, name);
  return (fs.stat[st.mode] ?? 0) & S_IFMT;
}

/** Says what is wrong on the way there. */
function looking<T>({ root, path, asked }: End, act: () => T): T {
  try {
    return act();
  } catch (thrown) {
    if (!isFsError(thrown, 'ELOOP')) throw asUnreadable(thrown, `what leads to ${asked}`);
    if (root.isBehindMagicLink(nameFromText(path)))
      throw new UserError(
        'link-of-process',
        `${asked} leads through a link of /proc to what a process holds`,
        {
          hint: 'name the file or directory itself',
          cause: thrown,
        },
      );
    throw new UserError('link-loop', `the symbolic links of ${asked} lead nowhere but to each other`, {
      hint: 'name a path without them',
      cause: thrown,
    });
  }
}

export function noSuchPath({ asked }: End): UserError {
  return new UserError('no-such-path', `there is no ${asked}`, {
    hint: 'name what is there; paths in a container are below its root',
  });
}
