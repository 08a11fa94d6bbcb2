/**
 * 64-bit numbers as two 32-bit words, low word first: what all encoders of this room write with.
 */
const two32 = 0x1_0000_0000;

/** A view of `buffer` in words; the buffer must be 4-byte aligned in memory. */
export function wordsOf(buffer: Buffer): Uint32Array {
  return new Uint32Array(buffer.buffer, buffer.byteOffset, buffer.length >>> 2);
}

/** Writes a safe integer, negative ones in two's complement, at `index` (in words). */
export function putU64(words: Uint32Array, index: number, value: number): void {
  words[index] = value;
  words[index + 1] = Math.floor(value / two32);
}

/** Two words as a number; `Number.MAX_SAFE_INTEGER` for all that is above it. */
export function joinU64(low: number, high: number): number {
  return high < 0x20_0000 ? high * two32 + low : Number.MAX_SAFE_INTEGER;
}
