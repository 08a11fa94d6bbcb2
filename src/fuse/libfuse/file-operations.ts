/**
 * Operations on open files. Buffers belong to libfuse, and are good until the answer.
 */
import { O_CREAT, O_EXCL, O_RDWR } from '../../os/constants.ts';
import type { Later } from '../../vfs/file-system.ts';
import { after, type PathDoor } from './path-door.ts';

/** A write of more bytes than this goes to the pool: it may wait for the disk. */
const writeNowMax = 128 * 1024;

/** Answers the file's number. */
export function open(door: PathDoor, path: string, flags: number): Later<number> {
  return door.at(path, (node) =>
    after(door.fs.open(door.caller, node, flags), (file) => door.files.add(file)),
  );
}

/** The flags of open(2) are not told: it can be read and written, whatever was asked for, which the kernel checks. */
export function create(door: PathDoor, path: string, mode: number): Later<number> {
  return door.in(path, (parent, name) => {
    const flags = O_RDWR | O_CREAT | O_EXCL;
    const file = door.fs.create(door.caller, parent.node, name, mode, flags, door.attr);
    door.nodes.adopt(parent, name, file.nodeId);
    return door.files.add(file);
  });
}

export function release(door: PathDoor, file: number): void {
  door.fs.release(door.files.remove(file));
}

export function read(door: PathDoor, file: number, buffer: Buffer, position: number): Later<number> {
  const { handle } = door.files.get(file);
  const count = door.fs.read(handle, buffer, 0, buffer.length, position);
  return count >= 0 ? count : door.fs.readLater(handle, buffer, 0, buffer.length, position);
}

export function write(door: PathDoor, file: number, buffer: Buffer, position: number): Later<number> {
  const { handle } = door.files.get(file);
  const { length } = buffer;
  const data = { buffer, offset: 0, length, position, keepTimes: false, keptBack: false };
  return length > writeNowMax ? door.fs.writeLater(handle, data) : door.fs.write(handle, data);
}

export function fsync(door: PathDoor, file: number, dataOnly: boolean): Later<void> {
  return door.fs.fsync(door.files.get(file).handle, dataOnly);
}
