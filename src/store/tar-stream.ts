/** A tar that is written chunk by chunk to a sink, as chunks for who reads one. */
import { once } from 'node:events';
import { PassThrough } from 'node:stream';

/**
 * What `write` hands to its sink; its failure, or the reason of `signal`, is that of the reader. A reader that stops
 * early, for want of space, say, has the sink fail and waits until `write` has cleaned up.
 */
export async function* tarStream(
  write: (sink: (chunk: Buffer) => Promise<void>) => Promise<unknown>,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  const stream = new PassThrough({ highWaterMark: 1 << 20 });
  const unread = new AbortController();
  const written = write(async (chunk) => {
    signal?.throwIfAborted();
    unread.signal.throwIfAborted();
    if (!stream.write(chunk)) await once(stream, 'drain', { signal: unread.signal });
  }).then(
    () => stream.end(),
    (thrown: unknown) => stream.destroy(thrown as Error),
  );
  try {
    yield* stream as AsyncIterable<Uint8Array>;
  } finally {
    unread.abort();
    await written;
  }
}
