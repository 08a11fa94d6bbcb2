import { execFileSync } from 'node:child_process';
import { gzipSync } from 'node:zlib';
import t from 'tap';
import { decompressed } from '../../src/oci/compression.ts';
import { needs } from '../fixtures/needs.ts';
import { chunksOf } from './fixtures/layers.ts';

const content = Buffer.concat(
  Array.from({ length: 60_000 }, (_, line) => Buffer.from(`line ${String(line)}\n`)),
);

async function readAll(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of decompressed(source)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const through = (program: string, ...args: string[]): Buffer =>
  execFileSync(program, args, { input: content, maxBuffer: 1 << 26 });

const programs = {
  zstd: () => through('zstd', '-qc'),
  xz: () => through('xz', '-c'),
  bzip2: () => through('bzip2', '-c'),
};

t.test('what is not compressed', async (t) => {
  // A tar begins with a name, which may be one with the letters of bzip2.
  const name = Buffer.from('BZh9-notes.txt'.padEnd(512, '\0'));
  for (const bytes of [content, Buffer.alloc(0), Buffer.from([0x1f]), Buffer.from('BZ'), name]) {
    t.ok((await readAll(chunksOf(bytes, 3000))).equals(bytes));
  }
});

t.test('zstd that begins with frames to be passed over', needs('program:zstd'), async (t) => {
  for (const kind of [0x50, 0x5f]) {
    // Its magic, the length of what it holds, and that.
    const passedOver = Buffer.from([kind, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 1, 2, 3, 4]);
    t.ok((await readAll(chunksOf(Buffer.concat([passedOver, programs.zstd()]), 5000))).equals(content));
  }
});

t.test('bzip2: every size of blocks, and nothing in it', needs('program:bzip2'), async (t) => {
  for (let size = 1; size <= 9; size += 1) {
    const packed = through('bzip2', `-${String(size)}c`);
    t.ok((await readAll(chunksOf(packed, 1000))).equals(content), String(size));
  }
  t.equal((await readAll(chunksOf(execFileSync('bzip2', ['-c'], { input: '' }), 3))).length, 0);
});

t.test('gzip', async (t) => {
  const packed = gzipSync(content);
  for (const size of [1, 1000, packed.length]) {
    t.ok((await readAll(chunksOf(packed, size))).equals(content), `chunks of ${String(size)}`);
  }
  const members = Buffer.concat([packed, gzipSync(Buffer.from('more'))]);
  t.equal((await readAll(chunksOf(members, 5000))).length, content.length + 4, 'several members');
  await t.rejects(
    readAll(chunksOf(packed.subarray(0, -100), 5000)),
    { code: 'bad-compression' },
    'truncated',
  );
  const damaged = Buffer.from(packed);
  damaged.fill(0xff, 1000, 1100);
  await t.rejects(readAll(chunksOf(damaged, 5000)), { code: 'bad-compression' }, 'damaged');
});

for (const [name, pack] of Object.entries(programs)) {
  t.test(name, needs(`program:${name}`), async (t) => {
    const packed = pack();
    for (const size of [100, 20_000, packed.length]) {
      t.ok((await readAll(chunksOf(packed, size))).equals(content), `chunks of ${String(size)}`);
    }
    await t.rejects(
      readAll(chunksOf(packed.subarray(0, -100), 5000)),
      { code: 'bad-compression', message: new RegExp(name) },
      'truncated',
    );
    // The program ends before all is written to it, at one moment or another.
    const nothing = Buffer.concat([packed.subarray(0, 10), Buffer.alloc(4_000_000, 0xa5)]);
    for (let turn = 0; turn < 5; turn += 1) {
      await t.rejects(readAll(chunksOf(nothing, 65_536)), { code: 'bad-compression' }, 'no such data');
    }
    const path = process.env.PATH;
    process.env.PATH = '/nonexistent';
    try {
      await t.rejects(readAll(chunksOf(packed, 5000)), { code: 'missing-program', hint: /apt-get install/ });
    } finally {
      process.env.PATH = path;
    }
  });
}

for (const [name, pack] of Object.entries({ gzip: () => gzipSync(content), ...programs })) {
  t.test(`${name}: the ends of a stream`, needs(name === 'gzip' ? 'root' : `program:${name}`), async (t) => {
    let closed = 0;
    async function* source(bytes: Buffer, failure?: Error): AsyncGenerator<Buffer> {
      try {
        yield* chunksOf(bytes, 500);
        if (failure !== undefined) throw failure;
      } finally {
        closed += 1;
      }
    }
    const dead = new Error('the line is dead');
    await t.rejects(
      readAll(source(pack().subarray(0, 900), dead)),
      dead,
      'the error of the source comes through',
    );
    t.equal(closed, 1);
    for await (const chunk of decompressed(source(pack()))) {
      t.ok(chunk.length > 0);
      break;
    }
    t.equal(closed, 2, 'leaving early ends the source');
  });
}
