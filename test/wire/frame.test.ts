import t from 'tap';
import { Frame } from '../../src/wire/frame.ts';
import { opcode, opcodeName, requestLayout } from '../../src/wire/opcodes.ts';
import { initIn, interruptIn, lseekIn, setattrIn, setxattrExtIn } from '../../src/wire/requests.ts';
import { goldenRequests } from './fixtures/golden-requests.ts';
import { aligned, pack, request, type Piece } from './fixtures/pack.ts';

function frameOf(bytes: Buffer, room = 0): Frame {
  return new Frame(aligned(bytes, room));
}

function accepted(bytes: Buffer): Frame {
  const frame = frameOf(bytes, 64);
  const problem = frame.accept(bytes.length);
  if (problem !== undefined) throw new Error(problem);
  return frame;
}

const goldenHeader = {
  unique: 0xa1a2a3a4a5,
  uniqueLow: 0xa2a3a4a5,
  uniqueHigh: 0xa1,
  resent: false,
  nodeId: 0xb1,
  uid: 0xc1,
  gid: 0xc2,
  pid: 0xc3,
};

function header(frame: Frame): Record<string, unknown> {
  const { opcode, unique, uniqueLow, uniqueHigh, resent, nodeId, uid, gid, pid } = frame;
  return { opcode, unique, uniqueLow, uniqueHigh, resent, nodeId, uid, gid, pid };
}

t.test('every opcode has a golden request', (t) => {
  t.same(
    goldenRequests.map((golden) => golden.opcode).sort((a, b) => a - b),
    Object.values(opcode),
  );
  t.same(
    requestLayout.flatMap((layout) => layout?.name ?? []),
    Object.keys(opcode),
  );
  for (const golden of goldenRequests) t.equal(opcodeName(golden.opcode), golden.name);
  t.equal(opcodeName(7), 'opcode 7');
  t.end();
});

for (const golden of goldenRequests) {
  t.test(golden.name, (t) => {
    const bytes = request(golden.opcode, golden.body);
    const frame = accepted(bytes);
    t.match(
      { ...header(frame), length: frame.length, bodyLength: frame.bodyLength },
      { ...goldenHeader, opcode: golden.opcode, length: bytes.length, bodyLength: bytes.length - 40 },
    );
    for (const [offset, value] of golden.u32 ?? [])
      t.equal(frame.u32(offset), value, `u32 ${String(offset)}`);
    for (const [offset, value] of golden.u64 ?? [])
      t.equal(frame.u64(offset), value, `u64 ${String(offset)}`);
    const names = golden.names ?? [];
    if (names.length > 0) t.equal(frame.name(0), names[0]);
    if (names.length > 1) t.equal(frame.name(1), names[1]);
    t.equal(requestLayout[golden.opcode]?.names, names.length);
    t.same(frame.payload(), golden.payload ?? Buffer.alloc(0));
    t.end();
  });

  t.test(`${golden.name}, cut anywhere, is refused`, (t) => {
    const bytes = request(golden.opcode, golden.body);
    const wrong: string[] = [];
    for (let length = 0; length < bytes.length; length++) {
      const plain = frameOf(bytes).accept(length);
      if (plain !== (length < 40 ? 'short-header' : 'wrong-length'))
        wrong.push(`${String(length)}: ${String(plain)}`);
      // A header that tells the shorter length; what lies after the frame in the buffer must not complete it.
      const frame = frameOf(bytes, 64);
      frame.buffer.writeUInt32LE(length);
      const problem = frame.accept(length);
      if (problem === undefined || frame.payloadLength !== 0 || frame.name(0) !== '') {
        wrong.push(`${String(length)}: ${String(problem)}`);
      }
    }
    t.same(wrong, []);
    t.end();
  });
}

t.test('header', (t) => {
  t.equal(new Frame(Buffer.alloc(64)).accept(65), 'short-header', 'longer than the buffer');
  for (const code of [0, 7, 19, 54, 4096, 436207616, 0xffffffff]) {
    const frame = frameOf(request(code, []));
    t.equal(frame.accept(40), 'unknown-opcode');
    t.equal(frame.unique, 0xa1a2a3a4a5, 'can still be answered');
  }
  const bytes = request(opcode.STATFS, []);
  bytes.writeUInt32LE(0x80000001, 12);
  const frame = accepted(bytes);
  t.ok(frame.resent);
  t.equal(frame.unique, 0x1a2a3a4a5, 'the same identity as before it was sent again');
  t.equal(frame.uniqueHigh, 0x80000001, 'answered as it was sent');
  t.end();
});

t.test('INTERRUPT names a request as its header did', (t) => {
  const frame = accepted(request(opcode.INTERRUPT, [['Q', 0x8000_00a1_a2a3_a4a5n]]));
  t.equal(frame.uniqueAt(interruptIn.unique), 0xa1a2a3a4a5);
  t.end();
});

t.test('INIT of any age', (t) => {
  const old = accepted(request(opcode.INIT, [['LLLL', 7, 31, 0x33, 0x44]]));
  t.equal(old.optionalU32(initIn.flags2), 0, 'not what lies behind the frame');
  const middle = accepted(request(opcode.INIT, [['LLLLL', 7, 36, 0x33, 0x44, 0x55], Buffer.alloc(44)]));
  t.equal(middle.optionalU32(initIn.flags2), 0x55);
  const future = accepted(request(opcode.INIT, [['LLLLL', 7, 99, 0x33, 0x44, 0x55], Buffer.alloc(300)]));
  t.equal(future.u32(initIn.minor), 99);
  t.end();
});

t.test('SETXATTR in both shapes', (t) => {
  const bytes = request(opcode.SETXATTR, [['LLLL', 3, 0x22, 0x33, 0x44], 'user.x', Buffer.from('abc')]);
  const frame = new Frame(aligned(bytes));
  frame.extendedSetxattr = true;
  t.equal(frame.accept(bytes.length), undefined);
  t.equal(frame.u32(setxattrExtIn.setxattrFlags), 0x33);
  t.equal(frame.name(0), 'user.x');
  t.equal(frame.payload().toString(), 'abc');
  t.equal(frame.payloadOffset, 40 + 16 + 7);
  bytes.writeUInt32LE(4, 40);
  bytes.copy(frame.buffer);
  t.equal(frame.accept(bytes.length), 'short-payload');
  const empty = accepted(request(opcode.SETXATTR, [['LL', 0, 0], 'user.x']));
  t.equal(empty.payloadLength, 0);
  t.end();
});

t.test('payloads that claim too much', (t) => {
  const claims: [number, Piece][] = [
    [opcode.WRITE, ['QQLLQLL', 0, 0, 0xffffffff, 0, 0, 0, 0]],
    [opcode.BATCH_FORGET, ['LL', 0x10000001, 0]],
    [opcode.IOCTL, ['QLLQLL', 0, 0, 0, 0, 0x80000000, 0]],
    [opcode.REMOVEMAPPING, ['L', 0xffffffff]],
  ];
  for (const [code, body] of claims) {
    const bytes = request(code, [body, Buffer.alloc(15)]);
    t.equal(frameOf(bytes, 64).accept(bytes.length), 'short-payload', opcodeName(code));
  }
  t.end();
});

t.test('64-bit numbers', (t) => {
  const times = (atime: bigint): Frame =>
    accepted(request(opcode.SETATTR, [['LLQQQQ', 0, 0, atime, atime, 0, atime], Buffer.alloc(48)]));
  const read = (value: bigint): [number, number] => {
    const frame = times(value);
    return [frame.u64(setattrIn.size - 8), frame.i64(setattrIn.atime)];
  };
  const { MAX_SAFE_INTEGER: most, MIN_SAFE_INTEGER: least } = Number;
  t.same(read(0n), [0, 0]);
  t.same(read(0xffffffffn), [0xffffffff, 0xffffffff]);
  t.same(read(0x100000000n), [0x100000000, 0x100000000]);
  t.same(read(2n ** 53n - 1n), [most, most]);
  t.same(read(2n ** 53n), [most, most]);
  t.same(read(2n ** 63n - 1n), [most, most], 'OFFSET_MAX');
  t.same(read(-1n), [most, -1], 'a second before 1970');
  t.same(read(-0x100000000n), [most, -0x100000000]);
  t.same(read(-(2n ** 53n) + 1n), [most, least]);
  t.same(read(-(2n ** 53n)), [most, least]);
  t.same(read(-(2n ** 63n)), [most, least]);
  t.equal(times(0xfffffffen).i32(setattrIn.atime), -2);
  t.end();
});

t.test('rebind', (t) => {
  const frame = accepted(request(opcode.UNLINK, ['first']));
  frame.rebind(aligned(request(opcode.MKDIR, [['LL', 0x11, 0x22], 'second'])));
  t.equal(frame.name(0), '', 'nothing of the other buffer');
  t.equal(frame.accept(40 + 8 + 7), undefined);
  t.equal(frame.name(0), 'second');
  t.equal(frame.u32(4), 0x22);
  t.end();
});

t.test('extensions', (t) => {
  const create = [['LLLL', 0x11, 0x22, 0x33, 0x44], 'odd'] as const;
  const bytes = request(opcode.CREATE, create, pack(['LLLL', 16, 32, 1, 0xabcd]));
  const frame = accepted(bytes);
  t.equal(frame.bodyLength, 20, 'the body ends before them');
  t.equal(frame.name(0), 'odd');
  bytes.writeUInt16LE(0xffff, 36);
  t.equal(frameOf(bytes).accept(bytes.length), 'short-body', 'more extensions than frame');
  t.end();
});

t.test('places in a file are exact or refused', (t) => {
  const at = (low: number, high: number): number =>
    accepted(request(opcode.LSEEK, [['LLLLLL', 0, 0, low, high, 0, 0]])).place(lseekIn.offset);
  t.equal(at(0xffff_fffe, 0x1f_ffff), Number.MAX_SAFE_INTEGER - 1);
  for (const [low, high] of [
    [0, 0x20_0000],
    [0x6fc1_0000, 0x23_86f2],
    [0xffff_ffff, 0x7fff_ffff],
    [0xffff_ffff, 0xffff_ffff],
  ] as const) {
    t.throws(() => at(low, high), { code: 'EFBIG' });
  }
  t.end();
});
