/**
 * Reading directories. OPENDIR is refused with ENOSYS, so that the kernel caches directories by itself
 * and READDIR comes without a handle, by node and cookie alone.
 */
import { errno } from '../../base/errno.ts';
import type { NodeId } from '../../base/ids.ts';
import type { Name } from '../../base/name.ts';
import type { Attr } from '../../vfs/attr.ts';
import type { DirectorySink } from '../../vfs/directory-sink.ts';
import { fsyncFlag } from '../../wire/flags.ts';
import { DirentWriter } from '../../wire/dirent.ts';
import { replyHeaderBytes } from '../../wire/reply.ts';
import { fsyncIn, readIn } from '../../wire/requests.ts';
import type { Door } from './door.ts';
import { longTtl } from './open-modes.ts';

/** Writes entries into the reply of a door. */
export class ReplySink implements DirectorySink {
  readonly #door: Door;
  readonly #writer = new DirentWriter();
  #plus = false;

  constructor(door: Door) {
    this.#door = door;
  }

  /** Begins a reply of at most `size` bytes. */
  start(size: number, plus: boolean): void {
    const { buffer } = this.#door.reply;
    this.#plus = plus;
    this.#writer.start(buffer, replyHeaderBytes, Math.min(size, buffer.length - replyHeaderBytes));
  }

  get length(): number {
    return this.#writer.length;
  }

  hasRoom(name: Name): boolean {
    return this.#writer.fits(name.length, this.#plus);
  }

  add(name: Name, inoLow: number, inoHigh: number, type: number, cookie: number): void {
    if (!this.#plus) {
      this.#writer.add(name, inoLow, inoHigh, type, cookie);
      return;
    }
    this.#writer.noEntry();
    this.#writer.addPlus(name, inoLow, inoHigh, type, cookie);
  }

  nextAttr(): Attr {
    const { attr, reply } = this.#door;
    attr.buffer = reply.buffer;
    attr.offset = this.#writer.entryAttrOffset();
    return attr;
  }

  addPlus(name: Name, node: NodeId, inoLow: number, inoHigh: number, type: number, cookie: number): void {
    if (node === 0) this.#writer.noEntry();
    else this.#writer.entry(node, 0, longTtl, this.#door.modes.attrTtl(node));
    this.#writer.addPlus(name, inoLow, inoHigh, type, cookie);
  }
}

export function onReaddir(door: Door, sink: ReplySink): number {
  const { frame } = door;
  sink.start(frame.u32(readIn.size), false);
  door.fs.readdir(frame.nodeId, frame.u64(readIn.offset), sink);
  return door.reply.withBody(sink.length);
}

export function onReaddirplus(door: Door, sink: ReplySink): number {
  const { frame } = door;
  sink.start(frame.u32(readIn.size), true);
  door.fs.readdirplus(frame.nodeId, frame.u64(readIn.offset), sink);
  return door.reply.withBody(sink.length);
}

export function onFsyncdir(door: Door): number {
  const { frame } = door;
  const dataOnly = (frame.u32(fsyncIn.fsyncFlags) & fsyncFlag.DATASYNC) !== 0;
  return door.settle(door.fs.fsyncdir(frame.nodeId, dataOnly), (reply) => reply.ok());
}

/** The kernel remembers ENOSYS for the whole connection: it never asks again. */
export function neverAskAgain(door: Door): number {
  return door.reply.error(errno.ENOSYS);
}
