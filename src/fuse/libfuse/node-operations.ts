/**
 * Operations on what a path or an open file leads to: its attributes, entries and extended attributes.
 */
import { noNodeId } from '../../base/ids.ts';
import { fsError } from '../../base/fs-error.ts';
import type { Name } from '../../base/name.ts';
import type { TimeSpec } from '../../base/time-spec.ts';
import type { DirectorySink } from '../../vfs/directory-sink.ts';
import { Attr } from '../../vfs/attr.ts';
import type { Later, SetAttr } from '../../vfs/file-system.ts';
import type { PathDoor } from './path-door.ts';
import { putEntry, statvfsOf, statWords } from './records.ts';
import { bytesOf, isCarried, textOf } from './text.ts';

const nothing: SetAttr = {
  mode: undefined,
  uid: undefined,
  gid: undefined,
  size: undefined,
  atime: undefined,
  mtime: undefined,
  // The kernel takes the bits away itself, by a chmod, and capabilities by a removexattr.
  killPriv: false,
};
/** (uid_t) -1: leave it. */
const noId = 0xffff_ffff;

/** Fills the attributes that are answered. */
export function getattr(door: PathDoor, path: string): Later<void> {
  return door.at(path, (node) => {
    door.putAttributes(node, path);
  });
}

export function fgetattr(door: PathDoor, path: string, file: number): Later<void> {
  if (file === 0) return getattr(door, path);
  door.putAttributes(door.files.get(file).node, path);
}

function change(door: PathDoor, path: string, what: Partial<SetAttr>): Later<void> {
  return door.at(path, (node) => door.fs.setattr(door.caller, node, { ...nothing, ...what }));
}

export function chmod(door: PathDoor, path: string, mode: number): Later<void> {
  return change(door, path, { mode });
}

export function chown(door: PathDoor, path: string, uid: number, gid: number): Later<void> {
  return change(door, path, {
    uid: uid === noId ? undefined : uid,
    gid: gid === noId ? undefined : gid,
  });
}

export function utimens(
  door: PathDoor,
  path: string,
  times: { atime: TimeSpec; mtime: TimeSpec },
): Later<void> {
  return change(door, path, times);
}

export function truncate(door: PathDoor, path: string, size: number): Later<void> {
  return change(door, path, { size });
}

export function ftruncate(door: PathDoor, file: number, size: number): Later<void> {
  return door.fs.setattr(door.caller, door.files.get(file).node, { ...nothing, size });
}

export function readlink(door: PathDoor, path: string): Later<string> {
  return door.at(path, (node) => textOf(door.fs.readlink(node)));
}

export function statfs(door: PathDoor): Uint32Array {
  const block = Buffer.alloc(80);
  door.fs.statfs(block, 0);
  return statvfsOf(block);
}

export interface Entries {
  readonly names: string[];
  /** Of each its inode number and type, as `populate_stat` reads them. */
  readonly stats: Uint32Array[];
}

/** The whole directory: libfuse keeps what it is told until the directory is closed. */
export function readdir(door: PathDoor, path: string): Later<Entries> {
  const entries: Entries = { names: [], stats: [] };
  const add = (name: Name, inoLow: number, inoHigh: number, type: number): void => {
    if (!isCarried(name)) {
      door.log.debug(`not shown, since its name is not UTF-8: ${textForLog(name)}`);
      return;
    }
    const words = new Uint32Array(statWords);
    putEntry(words, door.numbers.of(inoLow, inoHigh), type);
    entries.names.push(textOf(name));
    entries.stats.push(words);
  };
  const sink: DirectorySink = {
    hasRoom: () => true,
    add,
    nextAttr: () => new Attr(),
    addPlus: (name, node, inoLow, inoHigh, type) => {
      if (node !== noNodeId) door.fs.forget(node, 1);
      add(name, inoLow, inoHigh, type);
    },
  };
  return door.at(path, (node) => {
    door.fs.readdir(node, 0, sink);
    return entries;
  });
}

function textForLog(name: Name): string {
  return JSON.stringify(name);
}

/** Answers the length; with a buffer of no bytes, what length there is. ENODATA, ERANGE. */
export function getxattr(door: PathDoor, path: string, name: string, buffer: Buffer): Later<number> {
  return door.at(path, (node) => {
    const value = door.fs.getxattr(node, bytesOf(name));
    if (value === undefined) throw fsError('ENODATA');
    return fill(buffer, value);
  });
}

/** Names, each with its NUL, in the same way. */
export function listxattr(door: PathDoor, path: string, buffer: Buffer): Later<number> {
  return door.at(path, (node) => {
    const names = door.fs.listxattr(door.caller, node).filter(isCarried);
    return fill(buffer, Buffer.from(names.map((name) => `${name}\0`).join(''), 'latin1'));
  });
}

function fill(buffer: Buffer, value: Buffer): number {
  if (buffer.length === 0) return value.length;
  if (value.length > buffer.length) throw fsError('ERANGE');
  return value.copy(buffer);
}

export function setxattr(
  door: PathDoor,
  path: string,
  name: string,
  value: Buffer,
  flags: number,
): Later<void> {
  const attribute = { name: bytesOf(name), value, flags, killSgid: false };
  return door.at(path, (node) => door.fs.setxattr(door.caller, node, attribute));
}

export function removexattr(door: PathDoor, path: string, name: string): Later<void> {
  return door.at(path, (node) => door.fs.removexattr(door.caller, node, bytesOf(name)));
}

export function fsyncdir(door: PathDoor, path: string, dataOnly: boolean): Later<void> {
  return door.at(path, (node) => door.fs.fsyncdir(node, dataOnly));
}
