/**
 * Objects of the upper that their owner may not write, under a server that has no CAP_DAC_OVERRIDE. A client
 * that owns a directory of mode 0555 may chmod what is in it, or move or remove it as a whole; the server has to write
 * it for that: an entry of it, an attribute of its own, its `..` (rename(2) to another parent). So it is let in for
 * that moment. A crash in it leaves the object writable for its owner.
 */
import { isFsError } from '../base/fs-error.ts';
import type { Fd } from '../base/ids.ts';
import type { Name } from '../base/name.ts';
import { S_IFLNK, S_IFMT, S_IWUSR } from '../os/constants.ts';
import { st } from '../os/host-fs.ts';
import { afterwards } from './afterwards.ts';
import type { UnionCore } from './core.ts';
import type { Place } from './real-dir.ts';

export interface Guarded {
  readonly dir: Fd;
  readonly name: Name;
  /** Where it lies after the act: there unless told. `gone`: its mode does not matter any more. */
  readonly to?: { readonly dir: Fd; readonly name: Name } | 'gone';
}

export function guarded(core: UnionCore, place: Place): Guarded {
  return { dir: core.at(place), name: place.name };
}

/** Runs `act`; once more, with `objects` writable, if it is refused. It must be able to begin anew. */
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

function isClosed({ mode }: Closed): boolean {
  return (mode & S_IFMT) !== S_IFLNK && (mode & S_IWUSR) === 0;
}

function actOpened(core: UnionCore, closed: readonly Closed[], act: () => void): void {
  const opened: Closed[] = [];
  const setMode = (at: { dir: Fd; name: Name }, mode: number): void => {
    core.fs.fchmodat(at.dir, at.name, mode & 0o7777);
  };
  try {
    for (const one of closed) {
      setMode(one.object, one.mode | S_IWUSR);
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
