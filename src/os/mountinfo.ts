/**
 * What is mounted where, as /proc/self/mountinfo tells (proc_pid_mountinfo(5)). Reading it touches
 * no file system, a hung one neither, which is why nothing here calls stat.
 */
import { readFileSync } from 'node:fs';

import { asName, type Name } from '../base/name.ts';

export interface MountEntry {
  readonly id: number;
  readonly parentId: number;
  /** `major:minor`. */
  readonly device: string;
  /** The directory of the file system that is mounted. */
  readonly root: Name;
  readonly mountPoint: Name;
  /** Options of the mount: `rw`, `nosuid`, ... */
  readonly options: readonly string[];
  /** With its subtype: `fuse.stratafs`. */
  readonly type: string;
  readonly source: Name;
  /** Options of the file system, each as it stands there: see `unescapeField`. */
  readonly superOptions: readonly string[];
}

/** All mounts of this process's mount namespace, in the kernel's order: of two on one place the later is on top. */
export function readMounts(): MountEntry[] {
  return parseMounts(readFileSync('/proc/self/mountinfo', 'latin1'));
}

/** The entries of a mountinfo file; lines that are none are left out. */
export function parseMounts(text: string): MountEntry[] {
  const entries: MountEntry[] = [];
  for (const line of text.split('\n')) {
    const entry = parseLine(line);
    if (entry !== undefined) entries.push(entry);
  }
  return entries;
}

/** What is mounted on top at `mountPoint`, an absolute path without symlinks and dots. */
export function findMountAt(mountPoint: Name): MountEntry | undefined {
  return readMounts().findLast((entry) => entry.mountPoint === mountPoint);
}

/**
 * What became of the mount that was `made`; undefined where it is off the tree. It is told by all that the kernel says of it and that moving it
 * leaves alone: alone, each of these numbers is given to another mount as soon as it is free.
 */
export function findAgain(made: MountEntry): MountEntry | undefined {
  return readMounts().find(
    ({ id, device, type, source }) =>
      id === made.id && device === made.device && type === made.type && source === made.source,
  );
}

/** Whether a mount with this `device` (`major:minor`) still exists; with `mountPoint`, whether it is there. */
export function isMounted(device: string, mountPoint?: Name): boolean {
  return readMounts().some(
    (entry) => entry.device === device && (mountPoint === undefined || entry.mountPoint === mountPoint),
  );
}

/** The mount that an open file belongs to; `path` in /proc: `self/fdinfo/3` (proc_pid_fdinfo(5)). */
export function readMountId(path: string): number {
  return Number(/^mnt_id:\s*(\d+)$/m.exec(readFileSync(`/proc/${path}`, 'latin1'))?.[1]);
}

/** What a mount shows: a file system, or the part of it that was mounted, under the name that it was given as a source. */
export type MountedTree = Pick<MountEntry, 'device' | 'root' | 'source'>;

/** Whether `entry` shows that tree, or a part of it. */
export function showsTree(entry: MountEntry, { device, root, source }: MountedTree): boolean {
  return entry.device === device && entry.source === source && restBelow(root, entry.root) !== undefined;
}

/** All mounts of the mount namespace of the process `pid`; undefined where that is not there, or may not be seen. */
export function findMountsOf(pid: number): MountEntry[] | undefined {
  try {
    return parseMounts(readFileSync(`/proc/${String(pid)}/mountinfo`, 'latin1'));
  } catch {
    return undefined;
  }
}

/** Where `path`, which is reached through `mount`, lies from the root of its file system on. */
export function pathInFileSystem(mount: MountEntry, path: Name): Name | undefined {
  const rest = restBelow(mount.mountPoint, path);
  return rest === undefined ? undefined : joined(mount.root, rest);
}

/** What is left of `path` below `directory`; undefined where it does not lie there. */
export function restBelow(directory: Name, path: Name): string | undefined {
  if (directory === '/') return path.slice(1);
  if (path === directory) return '';
  return path.startsWith(`${directory}/`) ? path.slice(directory.length + 1) : undefined;
}

/** `directory` itself for an empty `rest`. */
export function joined(directory: Name, rest: string): Name {
  if (rest === '') return directory;
  return asName(directory === '/' ? `/${rest}` : `${directory}/${rest}`);
}

/** `36 35 98:0 /root /mnt rw,noatime shared:1 - ext4 /dev/root rw,errors=continue` */
function parseLine(line: string): MountEntry | undefined {
  const [head, tail] = splitOnce(line, ' - ');
  const [id, parentId, device, root, mountPoint, options] = head.split(' ');
  const [type, source, superOptions] = tail.split(' ');
  if (device === undefined || root === undefined || mountPoint === undefined || source === undefined) {
    return undefined;
  }
  return {
    id: Number(id),
    parentId: Number(parentId),
    device,
    root: unescapeField(root),
    mountPoint: unescapeField(mountPoint),
    options: (options ?? '').split(','),
    type: type ?? '',
    source: unescapeField(source),
    superOptions: (superOptions ?? '').split(','),
  };
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + separator.length)];
}

/** Space, tab, newline and backslash come as three octal digits (seq_escape in the kernel). */
export function unescapeField(field: string): Name {
  return asName(
    field.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8))),
  );
}
