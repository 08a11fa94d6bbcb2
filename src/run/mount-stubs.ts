/**
 * Mount points in a root that are there only for the time of one command: what was missing is made, and afterwards
 * taken away again, with the times of the directories around it as they would be without. What the command has put
 * there itself stays.
 */
import { closeSync } from 'node:fs';
import { posix } from 'node:path';
import type { Fd } from '../base/ids.ts';
import { asName, nameFromText, nameToText } from '../base/name.ts';
import type { TimeSpec } from '../base/time-spec.ts';
import { isFsError } from '../base/fs-error.ts';
import { AT_REMOVEDIR, O_DIRECTORY, O_PATH, S_IFMT, S_IFREG } from '../os/constants.ts';
import { st, type HostFs } from '../os/host-fs.ts';
import type { InRoot } from '../os/in-root.ts';

export interface MountPoint {
  /** Absolute and clean. */
  readonly path: string;
  readonly kind: 'directory' | 'file';
  /** Permission bits of a directory that is made; 0755 unless told. */
  readonly mode?: number;
}

interface Times {
  readonly atime: TimeSpec;
  readonly mtime: TimeSpec;
}

interface Stub {
  /** From the deepest to the first that was missing. */
  readonly made: readonly MountPoint[];
  /** Of the directory that the first was made in, before and after. */
  readonly before: Times;
  readonly after: Times;
}

const self = asName('');

/** Makes those that are missing; the answered function takes them away. FsError where something else is in the way. */
export function makeStubs(fs: HostFs, root: InRoot, points: readonly MountPoint[]): () => void {
  const stubs: Stub[] = [];
  const remove = (): void => {
    for (const stub of stubs.reverse()) removeStub(fs, root, stub);
  };
  try {
    for (const point of points) {
      const stub = makeStub(fs, root, point);
      if (stub !== undefined) stubs.push(stub);
    }
  } catch (thrown) {
    remove();
    throw thrown;
  }
  return remove;
}

/** A link that leads nowhere, as /etc/resolv.conf of an image often is, stays: a mount goes where it leads. */
function makeStub(fs: HostFs, root: InRoot, { path, kind, mode }: MountPoint): Stub | undefined {
  const point: MountPoint = { path: nameToText(root.endOf(nameFromText(path))), kind };
  const missing = missingPart(root, point);
  const first = missing.at(-1);
  if (first === undefined) return undefined;
  const parent = root.open(nameFromText(posix.dirname(first.path)), O_PATH | O_DIRECTORY);
  try {
    const before = timesOf(fs, parent);
    const directory = point.kind === 'directory' ? point.path : posix.dirname(point.path);
    const made = root.makeDirectory(nameFromText(directory)).directory;
    if (kind === 'directory' && mode !== undefined) fs.fchmodat(made, self, mode);
    closeSync(made);
    if (kind === 'file') root.makeFile(nameFromText(point.path));
    return { made: missing, before, after: timesOf(fs, parent) };
  } finally {
    closeSync(parent);
  }
}

/** What is not there of a path, the deepest first. */
function missingPart(root: InRoot, point: MountPoint): MountPoint[] {
  const missing: MountPoint[] = [];
  for (let { path, kind } = point; path !== '/'; path = posix.dirname(path), kind = 'directory') {
    const found = root.findOpen(nameFromText(path), O_PATH);
    if (found !== undefined) {
      closeSync(found);
      break;
    }
    missing.push({ path, kind });
  }
  return missing;
}

function removeStub(fs: HostFs, root: InRoot, { made, before, after }: Stub): void {
  const first = made.at(-1);
  if (first === undefined) return;
  const parent = root.findDirectory(nameFromText(posix.dirname(first.path)));
  if (parent === undefined) return;
  try {
    const now = timesOf(fs, parent);
    if (!made.every((point) => removeOne(fs, root, point))) return;
    const isUntouched = now.mtime.sec === after.mtime.sec && now.mtime.nsec === after.mtime.nsec;
    const { atime, mtime } = isUntouched ? before : now;
    fs.utimensat(parent, self, atime, mtime);
  } finally {
    closeSync(parent);
  }
}

/** False where it is not ours any more. */
function removeOne(fs: HostFs, root: InRoot, { path, kind }: MountPoint): boolean {
  const parent = root.findDirectory(nameFromText(posix.dirname(path)));
  if (parent === undefined) return false;
  const name = nameFromText(posix.basename(path));
  try {
    if (kind === 'directory') return fs.findUnlinkat(parent, name, AT_REMOVEDIR);
    return isEmptyFile(fs, parent, name) && fs.findUnlinkat(parent, name, 0);
  } catch (thrown) {
    if (isFsError(thrown, 'ENOTEMPTY') || isFsError(thrown, 'ENOTDIR')) return false;
    throw thrown;
  } finally {
    closeSync(parent);
  }
}

function isEmptyFile(fs: HostFs, parent: Fd, name: ReturnType<typeof nameFromText>): boolean {
  if (!fs.findStatx(parent, name)) return false;
  return ((fs.stat[st.mode] ?? 0) & S_IFMT) === S_IFREG && fs.stat[st.size] === 0;
}

function timesOf(fs: HostFs, fd: Fd): Times {
  fs.statx(fd, self);
  const at = (index: number): number => fs.stat[index] ?? 0;
  return {
    atime: { sec: at(st.atimeSec), nsec: at(st.atimeNsec) },
    mtime: { sec: at(st.mtimeSec), nsec: at(st.mtimeNsec) },
  };
}
