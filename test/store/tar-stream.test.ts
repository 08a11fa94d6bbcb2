import t from 'tap';
import { tarStream } from '../../src/store/tar-stream.ts';

const chunk = Buffer.alloc(65536, 'x');

t.test('a reader gets what is written, and its failure', async (t) => {
  const read: Uint8Array[] = [];
  for await (const part of tarStream(async (sink) => {
    for (let n = 0; n < 40; n++) await sink(chunk);
  }))
    read.push(part);
  t.equal(Buffer.concat(read).length, 40 * chunk.length);
  const failing = tarStream(async (sink) => {
    await sink(chunk);
    throw new Error('broken');
  });
  await t.rejects(async () => {
    for await (const part of failing) t.ok(part.length > 0);
  }, /broken/);
});

t.test('a reader that stops waits until the writer has cleaned up', async (t) => {
  let isClean = false;
  const stream = tarStream(async (sink) => {
    try {
      for (;;) await sink(chunk);
    } finally {
      await new Promise((done) => setTimeout(done, 50));
      isClean = true;
    }
  });
  await stream.next();
  await stream.return();
  t.ok(isClean);
});

t.test('a signal stops the writer', async (t) => {
  const controller = new AbortController();
  const stream = tarStream(async (sink) => {
    for (;;) await sink(chunk);
  }, controller.signal);
  await stream.next();
  controller.abort(new Error('stopped'));
  await t.rejects(async () => {
    for await (const part of stream) t.ok(part.length > 0);
  }, /stopped/);
});
