/**
 * The bytes of a tar on their way out: collected into large chunks, counted and hashed. Each chunk is a buffer of
 * its own, which belongs to whoever takes it.
 */
import { createHash } from 'node:crypto';
import { digestOf, type Digest } from './digest.ts';

const chunkSize = 512 << 10;

export type ChunkSink = (chunk: Buffer) => Promise<void> | void;

export class TarOutput {
  readonly #sink: ChunkSink;
  readonly #hash = createHash('sha256');
  #chunk = Buffer.allocUnsafeSlow(chunkSize);
  #used = 0;
  #size = 0;

  constructor(sink: ChunkSink) {
    this.#sink = sink;
  }

  async write(bytes: Buffer): Promise<void> {
    await this.fill(bytes.length, (chunk, offset, length, done) =>
      bytes.copy(chunk, offset, done, done + length),
    );
  }

  async zeros(count: number): Promise<void> {
    await this.fill(count, (chunk, offset, length) => {
      chunk.fill(0, offset, offset + length);
      return length;
    });
  }

  /**
   * Lets `put` write `count` bytes in place, in several steps: at most `length` of them at `offset` of a chunk,
   * when `done` of them are there. It answers how many it has put; 0 ends it early.
   */
  async fill(
    count: number,
    put: (chunk: Buffer, offset: number, length: number, done: number) => Promise<number> | number,
  ): Promise<number> {
    let done = 0;
    while (done < count) {
      if (this.#used === chunkSize) await this.#flush();
      const length = Math.min(count - done, chunkSize - this.#used);
      const step = await put(this.#chunk, this.#used, length, done);
      if (step === 0) break;
      this.#used += step;
      done += step;
    }
    return done;
  }

  /** Hands over what is left, and answers what all of it was. To be called once. */
  async finish(): Promise<{ readonly digest: Digest; readonly size: number }> {
    await this.#flush();
    return { digest: digestOf(this.#hash), size: this.#size };
  }

  async #flush(): Promise<void> {
    const full = this.#chunk.subarray(0, this.#used);
    this.#hash.update(full);
    this.#size += full.length;
    this.#used = 0;
    this.#chunk = Buffer.allocUnsafeSlow(chunkSize);
    if (full.length > 0) await this.#sink(full);
  }
}
