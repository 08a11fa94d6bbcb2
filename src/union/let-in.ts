/**
 * Objects of the upper that their owner may not write, or not read, under a server that has no CAP_DAC_OVERRIDE. A client
 * that owns a directory of mode 0555 may chmod what is in it, or move or remove it as a whole; the server has to write
 * it for that: an entry of it, an attribute of its own, its `..` (rename(2) to another parent). And it has to look for
 * whiteouts in one of mode 0 before that goes. So it is let in for that moment. A crash in it leaves the object open to its owner.
 */
import { fsError, isFsError } from '../base/fs-error.ts';
import type { Fd } from '../base/ids.ts';
import type { Name } from '../base/name.ts';
import { S_IFLNK, S_IFMT, S_IRUSR, S_IWUSR, S_IXUSR } from '../os/constants.ts';
import { st } from '../os/host-fs.ts';
import { afterwards } from './afterwards.ts';
import type { UnionCore } from './core.ts';
import type { Place } from './real-dir.ts';

export interface Guarded {
  readonly dir: Fd;
  readonly name: Name;
  /** Where it lies after the act: there unless told. `gone`: its mode does not matter any more. */
  readonly to?: { readonly dir: Fd; readonly name: Name } | 'gone';
  /** What its owner must be allowed for the act, bits of a mode: to write unless told. */
  readonly needs?: number;
}

/** To look through a directory, and at what it holds. */
const toRead = S_IRUSR | S_IXUSR;

export function guarded(core: UnionCore, place: Place): Guarded {
  return { dir: core.at(place), name: place.name };
}

/** Reads something of a directory of the upper; `read` must be able to begin anew. */
export function letInToRead<T>(core: UnionCore, { dir, name }: Guarded, read: () => T): T {
  let found: { readonly value: T } | undefined;
  letIn(core, [{ dir, name, needs: toRead }], () => {
    found = { value: read() };
  });
  if (found === undefined) throw new Error('nothing was read');
  return found.value;
}

/** Runs `act`; once more, with `objects` open to it, if it is refused. It must be able to begin anew. */
export function letIn(core: UnionCore, objects: readonly Guarded[], act: () => void): void {
  try {
    act();
  } catch (thrown) {
    if (!isFsError(thrown, 'EACCES')) throw thrown;
    const closed = objects.map((object) => ({ object, mode: modeOf(core, object) })).filter(isClosed);
    if (closed.length === 0) throw thrown;
    actOpened(core, closed, act);
  }
}

interface Closed {
  readonly object: Guarded;
  readonly mode: number;
}

function modeOf(core: UnionCore, { dir, name }: Guarded): number {
  core.fs.statx(dir, name);
  return core.fs.stat[st.mode] ?? 0;
}

function isClosed({ object, mode }: Closed): boolean {
  const needs = neededOf(object);
  return (mode & S_IFMT) !== S_IFLNK && (mode & needs) !== needs;
}

function neededOf({ needs = S_IWUSR }: Guarded): number {
  return needs;
}

function actOpened(core: UnionCore, closed: readonly Closed[], act: () => void): void {
  const opened: Closed[] = [];
  const setMode = (at: { dir: Fd; name: Name }, mode: number): void => {
    core.fs.fchmodat(at.dir, at.name, mode & 0o7777);
  };
  try {
    for (const one of closed) {
      try {
        setMode(one.object, one.mode | neededOf(one.object));
      } catch (thrown) {
        // It is somebody else's.
        throw isFsError(thrown, 'EPERM') ? fsError('EACCES') : thrown;
      }
      opened.push(one);
    }
    act();
  } catch (thrown) {
    for (const { object, mode } of opened) setMode(object, mode);
    throw thrown;
  }
  for (const { object, mode } of opened) {
    const { to = object } = object;
    if (to === 'gone') continue;
    afterwards(core, () => {
      setMode(to, mode);
    });
  }
}
