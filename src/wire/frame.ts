/**
 * A request, as the kernel wrote it, read in place. `accept` checks a frame once: after it answered
 * undefined, no accessor leaves the frame, whatever its bytes are. Nothing is copied but names, and
 * nothing is allocated but them. Little-endian machines only, like the rest of this room.
 *
 * A frame is struct fuse_in_header (40 bytes), the fixed struct of its opcode, names with their NUL, a
 * payload, and extensions (7.38), none of which is negotiated: they are not looked at. Offsets given to accessors
 * count from the end of the header, and are those of requests.ts.
 */
import { fsError } from '../base/fs-error.ts';
import type { NodeId } from '../base/ids.ts';
import { asName, type Name } from '../base/name.ts';
import { opcode, requestLayout } from './opcodes.ts';
import { setxattrExtIn } from './requests.ts';
import { joinU64, wordsOf } from './words.ts';

/** Bytes of struct fuse_in_header. */
export const requestHeaderBytes = 40;

/** Why a frame cannot be read. Its header can, unless this is `short-header`. */
export type FrameProblem =
  'short-header' | 'wrong-length' | 'unknown-opcode' | 'short-body' | 'unterminated-name' | 'short-payload';

const two32 = 0x1_0000_0000;
/** The high half of the first number that is not a safe integer. */
const unsafeHigh = 0x20_0000;

export class Frame {
  /** Whether FUSE_SETXATTR_EXT was negotiated: struct fuse_setxattr_in has then 16 bytes, not 8. */
  extendedSetxattr = false;
  /** Where the payload begins, from the start of `buffer`; only for opcodes that have one. */
  payloadOffset = 0;
  /** Its bytes; 0 for opcodes without. */
  payloadLength = 0;

  #buffer: Buffer;
  #words: Uint32Array;
  #bodyEnd = 0;
  #firstStart = 0;
  #firstEnd = 0;
  #secondStart = 0;
  #secondEnd = 0;

  /** `buffer` must be 8-byte aligned in memory. */
  constructor(buffer: Buffer) {
    this.#buffer = buffer;
    this.#words = wordsOf(buffer);
  }

  /** The memory that frames are read from. */
  get buffer(): Buffer {
    return this.#buffer;
  }

  /** Reads from another buffer from now on. */
  rebind(buffer: Buffer): void {
    this.#buffer = buffer;
    this.#words = wordsOf(buffer);
    this.#forget();
  }

  /** Checks the frame in the first `length` bytes of the buffer: undefined when it may be read. */
  accept(length: number): FrameProblem | undefined {
    this.#forget();
    const problem = this.#check(length);
    if (problem !== undefined) this.#forget();
    return problem;
  }

  /** Bytes of the whole frame, as its header says. */
  get length(): number {
    return this.#word(0);
  }
  get opcode(): number {
    return this.#word(1);
  }
  /** The request's identity for a map: its low 53 bits, so without FUSE_UNIQUE_RESEND. */
  get unique(): number {
    return identity(this.uniqueLow, this.uniqueHigh);
  }
  /** Whether the kernel sends it again after FUSE_NOTIFY_RESEND: we may have carried it out already. */
  get resent(): boolean {
    return this.uniqueHigh >>> 31 === 1;
  }
  get uniqueLow(): number {
    return this.#word(2);
  }
  get uniqueHigh(): number {
    return this.#word(3);
  }
  /** What the request is about; 0 where it is about no node. */
  get nodeId(): NodeId {
    return joinU64(this.#word(4), this.#word(5)) as NodeId;
  }
  /** Of the caller, as our namespace sees it; `invalidId` where it does not. */
  get uid(): number {
    return this.#word(6);
  }
  get gid(): number {
    return this.#word(7);
  }
  /** 0 where the kernel itself asks, or our namespace does not see the process. */
  get pid(): number {
    return this.#word(8);
  }

  /** Bytes between the header and the extensions. */
  get bodyLength(): number {
    return this.#bodyEnd - requestHeaderBytes;
  }

  /** A 32-bit field. `offset` is a multiple of 4, within the fixed struct or the payload of BATCH_FORGET. */
  u32(offset: number): number {
    return this.#word((requestHeaderBytes + offset) >>> 2);
  }

  /** The same, or 0 when the frame is too short to have it: a field that a later protocol added. */
  optionalU32(offset: number): number {
    return requestHeaderBytes + offset + 4 <= this.#bodyEnd ? this.u32(offset) : 0;
  }

  /** A signed 32-bit field. */
  i32(offset: number): number {
    return this.u32(offset) | 0;
  }

  /** A 64-bit field; `Number.MAX_SAFE_INTEGER` for all that is above it ("to the end", OFFSET_MAX). */
  u64(offset: number): number {
    const index = (requestHeaderBytes + offset) >>> 2;
    return joinU64(this.#word(index), this.#word(index + 1));
  }

  /** A place in a file, or a size that it gets. EFBIG for what is no safe integer. */
  place(offset: number): number {
    const place = this.u64(offset);
    if (place >= Number.MAX_SAFE_INTEGER) throw fsError('EFBIG');
    return place;
  }

  /** A signed 64-bit field, clamped to the safe integers on both sides. */
  i64(offset: number): number {
    const index = (requestHeaderBytes + offset) >>> 2;
    const low = this.#word(index);
    const high = this.#word(index + 1) | 0;
    if (high >= unsafeHigh) return Number.MAX_SAFE_INTEGER;
    return high < -unsafeHigh
      ? Number.MIN_SAFE_INTEGER
      : Math.max(high * two32 + low, Number.MIN_SAFE_INTEGER);
  }

  /** A request's identity in a field (INTERRUPT), comparable with `unique`. */
  uniqueAt(offset: number): number {
    const index = (requestHeaderBytes + offset) >>> 2;
    return identity(this.#word(index), this.#word(index + 1));
  }

  /** The first (0) or second (1) name of the request, without its NUL. Only the count of its opcode is there. */
  name(index: 0 | 1): Name {
    const start = index === 0 ? this.#firstStart : this.#secondStart;
    const end = index === 0 ? this.#firstEnd : this.#secondEnd;
    return asName(this.#buffer.toString('latin1', start, end));
  }

  /** Payload bytes, a view that is good until the buffer holds the next request. */
  payload(): Buffer {
    return this.#buffer.subarray(this.payloadOffset, this.payloadOffset + this.payloadLength);
  }

  /** By index from the start of the frame; 0 outside the buffer, which no accepted frame asks for. */
  #word(index: number): number {
    return this.#words[index] ?? 0;
  }

  #check(length: number): FrameProblem | undefined {
    if (length < requestHeaderBytes || length > this.#buffer.length) return 'short-header';
    if (this.#word(0) !== length) return 'wrong-length';
    const code = this.opcode;
    const layout = requestLayout[code];
    if (layout === undefined) return 'unknown-opcode';
    const end = length - (this.#word(9) & 0xffff) * 8;
    const fixed = code === opcode.SETXATTR && this.extendedSetxattr ? setxattrExtIn.bytes : layout.minBody;
    let at = requestHeaderBytes + fixed;
    if (at > end) return 'short-body';
    if (layout.names > 0) {
      at = this.#acceptNames(at, end, layout.names);
      if (at === 0) return 'unterminated-name';
    }
    if (layout.payload !== undefined) {
      const bytes = this.#word((requestHeaderBytes + layout.payload.countAt) >>> 2) * layout.payload.unit;
      if (bytes > end - at) return 'short-payload';
      this.payloadOffset = at;
      this.payloadLength = bytes;
    }
    this.#bodyEnd = end;
    return undefined;
  }

  /** So that a frame that was refused, or another buffer, shows nothing of the one before. */
  #forget(): void {
    this.#bodyEnd = requestHeaderBytes;
    this.payloadOffset = 0;
    this.payloadLength = 0;
    this.#firstStart = this.#firstEnd = this.#secondStart = this.#secondEnd = 0;
  }

  /** The offset after `count` names that begin at `at`; 0 when one does not end before `end`. */
  #acceptNames(at: number, end: number, count: number): number {
    const firstEnd = this.#nulAt(at, end);
    if (firstEnd === end) return 0;
    this.#firstStart = at;
    this.#firstEnd = firstEnd;
    if (count === 1) return firstEnd + 1;
    const secondEnd = this.#nulAt(firstEnd + 1, end);
    if (secondEnd >= end) return 0;
    this.#secondStart = firstEnd + 1;
    this.#secondEnd = secondEnd;
    return secondEnd + 1;
  }

  #nulAt(start: number, end: number): number {
    const bytes = this.#buffer;
    let at = start;
    while (at < end && bytes[at] !== 0) at++;
    return at;
  }
}

function identity(low: number, high: number): number {
  return (high & (unsafeHigh - 1)) * two32 + low;
}
