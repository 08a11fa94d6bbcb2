/**
 * A stream of chunks read as a stream of bytes, counted and hashed as they come: the digest is that of all that
 * the stream held, whatever was looked at. Nothing is copied but what straddles two chunks.
 */
import { createHash } from 'node:crypto';
import { digestOf, type Digest } from './digest.ts';

const nothing = Buffer.alloc(0);

export class ByteSource {
  readonly #chunks: AsyncIterator<Uint8Array>;
  readonly #hash = createHash('sha256');
  readonly #signal: AbortSignal | undefined;
  #chunk: Buffer = nothing;
  #size = 0;

  constructor(source: AsyncIterable<Uint8Array>, signal?: AbortSignal) {
    this.#chunks = source[Symbol.asyncIterator]();
    this.#signal = signal;
  }

  /** From one to `max` bytes; none at the end of the stream. They are good until the next call. */
  async piece(max: number): Promise<Buffer> {
    if (this.#chunk.length === 0 && !(await this.#pull())) return nothing;
    const piece = this.#chunk.subarray(0, max);
    this.#chunk = this.#chunk.subarray(piece.length);
    return piece;
  }

  /** So many bytes, or fewer where the stream ends before. They are good for ever. */
  async exactly(count: number): Promise<Buffer> {
    const first = await this.piece(count);
    if (first.length === count) return Buffer.from(first);
    const pieces = [Buffer.from(first)];
    let length = first.length;
    while (length < count) {
      const piece = await this.piece(count - length);
      if (piece.length === 0) break;
      pieces.push(Buffer.from(piece));
      length += piece.length;
    }
    return Buffer.concat(pieces, length);
  }

  /** False where the stream ends before so many bytes. */
  async skip(count: number): Promise<boolean> {
    for (let left = count; left > 0;) {
      const piece = await this.piece(left);
      if (piece.length === 0) return false;
      left -= piece.length;
    }
    return true;
  }

  /** Reads to the end of the stream, and answers what the whole of it was. To be called once. */
  async finish(): Promise<{ readonly digest: Digest; readonly size: number }> {
    this.#chunk = nothing;
    while (await this.#pull());
    return { digest: digestOf(this.#hash), size: this.#size };
  }

  /** Lets whoever makes the stream stop. Harmless at its end. */
  async close(): Promise<void> {
    await this.#chunks.return?.();
  }

  /** The next chunk that is not empty; false at the end. */
  async #pull(): Promise<boolean> {
    for (;;) {
      this.#signal?.throwIfAborted();
      const next = await this.#chunks.next();
      if (next.done === true) return false;
      const { buffer, byteOffset, byteLength } = next.value;
      if (byteLength === 0) continue;
      this.#chunk = Buffer.from(buffer, byteOffset, byteLength);
      this.#hash.update(this.#chunk);
      this.#size += byteLength;
      return true;
    }
  }
}
