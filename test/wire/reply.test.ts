import t from 'tap';
import { Frame } from '../../src/wire/frame.ts';
import {
  attrAttrOffset,
  entryAttrOffset,
  ioctlDataOffset,
  Reply,
  replyHeaderBytes,
  statxOffset,
} from '../../src/wire/reply.ts';
import { noTtl, ttlFromMs } from '../../src/wire/ttl.ts';
import { aligned, pack, request, type Piece } from './fixtures/pack.ts';

const entryTtl = { sec: 0x1_0000_0011, nsec: 0x22 };
const attrTtl = { sec: 0x33, nsec: 0x44 };
const big = 0x11_2233_4455;

/** What `write` leaves in a buffer full of old bytes, up to the length that it returns. */
function written(write: (reply: Reply) => number): Buffer {
  const reply = new Reply(Buffer.alloc(512, 0xee));
  reply.beginUnique(0xa2a3a4a5, 0x800000a1);
  const length = write(reply);
  return reply.buffer.subarray(0, length);
}

function message(...body: readonly Piece[]): Buffer {
  const bytes = pack(...body);
  return pack(['LLQ', replyHeaderBytes + bytes.length, 0, 0x8000_00a1_a2a3_a4a5n], bytes);
}

const old = (length: number): Buffer => Buffer.alloc(length, 0xee);

const goldens: [name: string, write: (reply: Reply) => number, expected: Buffer][] = [
  ['error', (r) => r.error(2), pack(['LLQ', 16, -2, 0x8000_00a1_a2a3_a4a5n])],
  ['ok', (r) => r.ok(), message()],
  ['withBody', (r) => r.withBody(24), message(old(24))],
  ['latin1', (r) => r.latin1('../na\xefve'), message(Buffer.from('../na\xefve', 'latin1'))],
  [
    'entryOut',
    (r) => r.entryOut(big, 0x66, entryTtl, attrTtl),
    message(['QQQQLL', big, 0x66, 0x1_0000_0011, 0x33, 0x22, 0x44], old(88)),
  ],
  [
    'negativeEntryOut',
    (r) => r.negativeEntryOut(entryTtl),
    message(['QQQQLL', 0, 0, 0x1_0000_0011, 0, 0x22, 0], Buffer.alloc(88)),
  ],
  ['attrOut', (r) => r.attrOut(attrTtl), message(['QLL', 0x33, 0x44, 0], old(88))],
  ['statxOut', (r) => r.statxOut(attrTtl), message(['QLLQQ', 0x33, 0x44, 0, 0, 0], old(256))],
  ['openOut', (r) => r.openOut(big, 0x81, 7), message(['QLL', big, 0x81, 7])],
  ['openOut without backing', (r) => r.openOut(big, 2), message(['QLL', big, 2, 0])],
  [
    'createOut',
    (r) => {
      r.entryOut(big, 0x66, entryTtl, attrTtl);
      return r.createOut(0x77, 0x81, 7);
    },
    message(['QQQQLL', big, 0x66, 0x1_0000_0011, 0x33, 0x22, 0x44], old(88), ['QLL', 0x77, 0x81, 7]),
  ],
  [
    'createOut without backing',
    (r) => {
      r.entryOut(1, 0, noTtl, noTtl);
      return r.createOut(0x77, 0);
    },
    message(['QQQQLL', 1, 0, 0, 0, 0, 0], old(88), ['QLL', 0x77, 0, 0]),
  ],
  ['writeOut', (r) => r.writeOut(0xfffff000), message(['LL', 0xfffff000, 0])],
  ['copyFileRangeOut', (r) => r.copyFileRangeOut(big), message(['Q', big])],
  [
    'statfsOut',
    (r) =>
      r.statfsOut({
        blocks: big,
        bfree: 0x22,
        bavail: 0x33,
        files: 0x44,
        ffree: 0x55,
        bsize: 0x66,
        namelen: 0x77,
        frsize: 0x88,
      }),
    message(['QQQQQLLLL', big, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0], Buffer.alloc(24)),
  ],
  ['getxattrOut', (r) => r.getxattrOut(0x11), message(['LL', 0x11, 0])],
  ['lseekOut', (r) => r.lseekOut(big), message(['Q', big])],
  ['ioctlOut', (r) => r.ioctlOut(-1, 4), message(['LLLL', -1, 0, 0, 0], old(4))],
  ['ioctlOut without data', (r) => r.ioctlOut(3), message(['LLLL', 3, 0, 0, 0])],
  ['pollOut', (r) => r.pollOut(0x11), message(['LL', 0x11, 0])],
  ['bmapOut', (r) => r.bmapOut(big), message(['Q', big])],
  [
    'lkOut',
    (r) => r.lkOut({ start: 0x11, end: big, type: 1, pid: 0x44 }),
    message(['QQLL', 0x11, big, 1, 0x44]),
  ],
  [
    'lkOut to the end',
    (r) => r.lkOut({ start: 0x11, end: Number.MAX_SAFE_INTEGER, type: 0, pid: 0x44 }),
    message(['QQLL', 0x11, 2n ** 63n - 1n, 0, 0x44]),
  ],
  [
    'initOut',
    (r) =>
      r.initOut({
        major: 7,
        minor: 45,
        maxReadahead: 0x33,
        flags: 0x7fffffff,
        flags2: 0x22,
        maxBackground: 0xfff1,
        congestionThreshold: 0xfff2,
        maxWrite: 0x100000,
        timeGran: 1,
        maxPages: 0x100,
        mapAlignment: 0xc,
        maxStackDepth: 1,
        requestTimeout: 0xffff,
      }),
    message(
      ['LLLLSSLLSSLLS', 7, 45, 0x33, 0x7fffffff, 0xfff1, 0xfff2, 0x100000, 1, 0x100, 0xc, 0x22, 1, 0xffff],
      Buffer.alloc(22),
    ),
  ],
  [
    'initOut without what is optional',
    (r) =>
      r.initOut({
        major: 7,
        minor: 31,
        maxReadahead: 0x33,
        flags: 0x44,
        flags2: 0,
        maxBackground: 5,
        congestionThreshold: 6,
        maxWrite: 7,
        timeGran: 8,
        maxPages: 9,
        maxStackDepth: 0,
      }),
    message(['LLLLSSLLSSLL', 7, 31, 0x33, 0x44, 5, 6, 7, 8, 9, 0, 0, 0], Buffer.alloc(24)),
  ],
];

for (const [name, write, expected] of goldens) {
  t.test(name, (t) => {
    t.same(written(write), expected);
    t.end();
  });
}

t.test('where things lie', (t) => {
  t.same(
    { entryAttrOffset, attrAttrOffset, statxOffset, ioctlDataOffset },
    { entryAttrOffset: 56, attrAttrOffset: 32, statxOffset: 48, ioctlDataOffset: 32 },
  );
  t.end();
});

t.test('begin answers the frame, resent or not', (t) => {
  const bytes = request(17, []);
  bytes.writeUInt32LE(0x80000001, 12);
  const frame = new Frame(aligned(bytes));
  t.equal(frame.accept(40), undefined);
  const reply = new Reply(Buffer.alloc(16));
  reply.begin(frame);
  t.equal(reply.error(5), 16);
  t.same(reply.buffer.subarray(8), bytes.subarray(8, 16));
  t.end();
});

t.test('a buffer that is not aligned is a fault at once', (t) => {
  t.throws(() => new Reply(Buffer.alloc(64).subarray(1)), RangeError);
  t.end();
});

t.test('ttlFromMs', (t) => {
  t.same(ttlFromMs(86_400_000), { sec: 86_400, nsec: 0 });
  t.same(ttlFromMs(1500), { sec: 1, nsec: 500_000_000 });
  t.same(ttlFromMs(0.5), { sec: 0, nsec: 500_000 });
  t.same(ttlFromMs(0), noTtl);
  t.end();
});
