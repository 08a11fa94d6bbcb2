/**
 * Packs struct fuse_dirent and struct fuse_direntplus into a window of somebody's buffer, for READDIR and
 * READDIRPLUS. A record is never cut: what does not fit is refused, and nothing has then been written
 * into the window's record area. Records are multiples of 8 bytes, padded with zeros.
 */
import { entryOut, putEntryHead } from './entry-out.ts';
import type { Ttl } from './ttl.ts';
import { putU64, wordsOf } from './words.ts';

/** offsetof(struct fuse_dirent, name) */
const direntHeadBytes = 24;

/** Bytes that a record with a name of `nameLength` bytes takes. */
export function direntBytes(nameLength: number, plus: boolean): number {
  return ((direntHeadBytes + nameLength + 7) & ~7) + (plus ? entryOut.bytes : 0);
}

export class DirentWriter {
  #buffer: Buffer = Buffer.alloc(0);
  #words: Uint32Array = new Uint32Array(0);
  #start = 0;
  #at = 0;
  #end = 0;

  /** Begins a listing in the `size` bytes at `offset`, a multiple of 8. `buffer` must be 8-byte aligned. */
  start(buffer: Buffer, offset: number, size: number): void {
    if (buffer !== this.#buffer) {
      this.#buffer = buffer;
      this.#words = wordsOf(buffer);
    }
    this.#start = offset;
    this.#at = offset;
    this.#end = Math.min(offset + size, buffer.length);
  }

  /** Bytes written so far. */
  get length(): number {
    return this.#at - this.#start;
  }

  /** Whether a record with a name of this many bytes has room. */
  fits(nameLength: number, plus: boolean): boolean {
    return this.#at + direntBytes(nameLength, plus) <= this.#end;
  }

  /**
   * One record of READDIR; false when it has no room. `type` is DT_*; `cookie` is the offset with which
   * the kernel asks for what follows this entry.
   */
  add(name: string, inoLow: number, inoHigh: number, type: number, cookie: number): boolean {
    if (!this.fits(name.length, false)) return false;
    this.#put(this.#at, name, inoLow, inoHigh, type, cookie);
    this.#at += direntBytes(name.length, false);
    return true;
  }

  /** Where struct fuse_entry_out of the next READDIRPLUS record lies in the buffer. Ask `fits` before writing there. */
  entryOffset(): number {
    return this.#at;
  }

  /** Where the attributes of the next READDIRPLUS record lie. */
  entryAttrOffset(): number {
    return this.#at + entryOut.attr;
  }

  /** Writes the head of the next record's entry, whose attributes have been filled in place. */
  entry(nodeId: number, generation: number, entryTtl: Ttl, attrTtl: Ttl): void {
    putEntryHead(this.#words, this.#at >>> 2, nodeId, generation, entryTtl, attrTtl);
  }

  /** The next record has a name only: the kernel looks it up when it needs it. */
  noEntry(): void {
    this.#words.fill(0, this.#at >>> 2, (this.#at + entryOut.bytes) >>> 2);
  }

  /** One record of READDIRPLUS, whose entry is written already (`entry` or `noEntry`); false when it has no room. */
  addPlus(name: string, inoLow: number, inoHigh: number, type: number, cookie: number): boolean {
    if (!this.fits(name.length, true)) return false;
    this.#put(this.#at + entryOut.bytes, name, inoLow, inoHigh, type, cookie);
    this.#at += direntBytes(name.length, true);
    return true;
  }

  #put(at: number, name: string, inoLow: number, inoHigh: number, type: number, cookie: number): void {
    const words = this.#words;
    const index = at >>> 2;
    const length = name.length;
    words[index] = inoLow;
    words[index + 1] = inoHigh;
    putU64(words, index + 2, cookie);
    words[index + 4] = length;
    words[index + 5] = type;
    const bytes = this.#buffer;
    let to = at + direntHeadBytes;
    for (let from = 0; from < length; from++) bytes[to++] = name.charCodeAt(from);
    while ((to & 7) !== 0) bytes[to++] = 0;
  }
}
