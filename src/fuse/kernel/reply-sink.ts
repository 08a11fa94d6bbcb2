/**
 * Writes the entries of a directory into a buffer, as the body of a reply to READDIR or READDIRPLUS, and
 * notes what it was given.
 */
import type { NodeId } from '../../base/ids.ts';
import type { Name } from '../../base/name.ts';
import { DT_DIR } from '../../os/constants.ts';
import { Attr } from '../../vfs/attr.ts';
import type { DirectorySink } from '../../vfs/directory-sink.ts';
import { DirentWriter } from '../../wire/dirent.ts';
import { replyHeaderBytes } from '../../wire/reply.ts';
import type { Door } from './door.ts';

export class ReplySink implements DirectorySink {
  readonly #door: Door;
  readonly #buffer: Buffer;
  readonly #writer = new DirentWriter();
  readonly #attr = new Attr();
  #plus = false;
  /** Nodes that were told with a lookup. */
  nodes: NodeId[] = [];
  /** The directories among them, in the order of the reply. */
  directories: NodeId[] = [];
  /** Of the last entry. */
  lastCookie = 0;
  /** There was an entry that found no room. */
  isFull = false;

  /** The body begins where it does in a reply. */
  constructor(door: Door, buffer: Buffer) {
    this.#door = door;
    this.#buffer = buffer;
  }

  /** Begins a reply of at most `size` bytes. */
  start(size: number, plus: boolean): void {
    this.#plus = plus;
    this.nodes = [];
    this.directories = [];
    this.lastCookie = 0;
    this.isFull = false;
    const room = this.#buffer.length - replyHeaderBytes;
    this.#writer.start(this.#buffer, replyHeaderBytes, Math.min(size, room));
  }

  /** Bytes of the body. */
  get length(): number {
    return this.#writer.length;
  }

  copyTo(reply: Buffer): void {
    this.#buffer.copy(reply, replyHeaderBytes, replyHeaderBytes, replyHeaderBytes + this.length);
  }

  hasRoom(name: Name): boolean {
    const fits = this.#writer.fits(name.length, this.#plus);
    if (!fits) this.isFull = true;
    return fits;
  }

  add(name: Name, inoLow: number, inoHigh: number, type: number, cookie: number): void {
    this.lastCookie = cookie;
    if (!this.#plus) {
      this.#writer.add(name, inoLow, inoHigh, type, cookie);
      return;
    }
    this.#writer.noEntry();
    this.#writer.addPlus(name, inoLow, inoHigh, type, cookie);
  }

  nextAttr(): Attr {
    this.#attr.buffer = this.#buffer;
    this.#attr.offset = this.#writer.entryAttrOffset();
    return this.#attr;
  }

  addPlus(name: Name, node: NodeId, inoLow: number, inoHigh: number, type: number, cookie: number): void {
    if (node === 0) {
      this.add(name, inoLow, inoHigh, type, cookie);
      return;
    }
    const { modes } = this.#door;
    if (modes.isWrittenUnasked(node)) {
      // The name alone: whoever wants more asks then.
      this.add(name, inoLow, inoHigh, type, cookie);
      this.#door.forget(node, 1);
      return;
    }
    this.lastCookie = cookie;
    this.nodes.push(node);
    this.#door.absences?.listed(node);
    if (type === DT_DIR) this.directories.push(node);
    this.#writer.entry(node, 0, modes.nameTtl, modes.attrTtl(node));
    this.#writer.addPlus(name, inoLow, inoHigh, type, cookie);
  }
}
