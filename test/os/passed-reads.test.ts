/** Reads that a channel answers with data that do not come to the server (native/passage.c). */
import { execFileSync } from 'node:child_process';
import { closeSync, openSync, readdirSync, readlinkSync, readSync, writeFileSync } from 'node:fs';
import t from 'tap';
import type { Fd } from '../../src/base/ids.ts';
import { needs } from '../fixtures/needs.ts';
import { op, serveOneFile } from './fixtures/one-file-server.ts';
import { makeScratch } from './fixtures/scratch.ts';

const inHeader = 40;
/** The client's reads come as they are. */
const FOPEN_DIRECT_IO = 1;
const size = 300_001;

t.test('large reads of what is in memory', needs('root', 'fuse'), async (t) => {
  const scratch = makeScratch(t);
  const data = Buffer.from(Array.from({ length: size }, (_, at) => (at * 31 + (at >> 8)) & 0xff));
  const path = scratch.at('data');
  writeFileSync(path, data);
  const fd = openSync(path, 'r') as Fd;
  t.teardown(() => {
    closeSync(fd);
  });
  const server = serveOneFile(t, scratch);
  /** Of each request; a read may become two, where its buffer begins within a page. */
  const passed: boolean[] = [];
  server.on(op.open, (_, body) => {
    body.fill(0, 0, 16);
    body.writeUInt32LE(FOPEN_DIRECT_IO, 8);
    return 16;
  });
  server.on(op.read, (request, body) => {
    const position = Number(request.readBigUInt64LE(inHeader + 8));
    const wanted = request.readUInt32LE(inHeader + 16);
    passed.push(server.channel.replyData(fd, position, wanted));
    return passed.at(-1) === true ? undefined : readSync(fd, body, 0, wanted, position);
  });
  const file = `${server.mountPoint}/file`;
  const read = async (position: number, length: number): Promise<string> => {
    const code = `import hashlib, os; print(hashlib.sha256(os.pread(os.open('${file}', os.O_RDONLY), ${String(length)}, ${String(position)})).hexdigest())`;
    return (await server.client('python3', '-c', code)).trim();
  };
  const hash = (bytes: Buffer): string =>
    execFileSync('sha256sum', { input: bytes, encoding: 'utf8' }).slice(0, 64);

  for (const [position, length, isPassed, what] of [
    [0, 131_072, true, 'pages'],
    [5, 100_000, true, 'not from the beginning of a page'],
    [0, 65_536, true, 'the fewest'],
    [0, 65_535, false, 'too few'],
    [200_000, 131_072, true, 'up to the end'],
    [260_000, 131_072, false, 'too few up to the end'],
    [size, 131_072, false, 'behind the end'],
    [1, 131_072, true, 'another time'],
  ] as const) {
    passed.length = 0;
    t.equal(await read(position, length), hash(data.subarray(position, position + length)), what);
    t.equal(passed[0], isPassed, what);
  }

  await t.test('the pipe is given back, and comes again', async (t) => {
    const pipes = (): number =>
      readdirSync('/proc/self/fd').filter((one) => {
        try {
          return readlinkSync(`/proc/self/fd/${one}`).startsWith('pipe:');
        } catch {
          return false;
        }
      }).length;
    await read(0, 131_072);
    const before = pipes();
    server.channel.giveBack();
    t.equal(pipes(), before - 2);
    passed.length = 0;
    t.equal(await read(0, 131_072), hash(data.subarray(0, 131_072)));
    t.equal(passed[0], true);
  });

  await t.test('what would have to come from a disk', async (t) => {
    const forget = `import os; fd = os.open('${path}', os.O_RDWR); os.fsync(fd); os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)`;
    execFileSync('python3', ['-c', forget]);
    for (const isPassed of [false, true]) {
      passed.length = 0;
      t.equal(await read(0, 131_072), hash(data.subarray(0, 131_072)));
      t.equal(passed[0], isPassed);
    }
  });
});
