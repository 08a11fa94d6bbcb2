/**
 * Whatever the bytes: `accept` does not throw, and when it accepts, no accessor throws or shows a byte
 * from outside the frame. Outside is filled with a byte in one run and another in a second: what depends on
 * it was read from there.
 */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { Frame } from '../../src/wire/frame.ts';
import { requestLayout } from '../../src/wire/opcodes.ts';
import { initIn, setxattrExtIn } from '../../src/wire/requests.ts';
import { goldenRequests } from './fixtures/golden-requests.ts';
import { pack, request } from './fixtures/pack.ts';

/** All that can be read from a frame which is followed by bytes of value `outside`. */
function readAll(bytes: Buffer, outside: number, extendedSetxattr: boolean): unknown {
  const memory = Buffer.alloc(Math.ceil(bytes.length / 8) * 8 + 4096, outside);
  bytes.copy(memory);
  const frame = new Frame(memory);
  frame.extendedSetxattr = extendedSetxattr;
  const problem = frame.accept(bytes.length);
  if (problem === 'short-header') return problem;
  const { opcode, unique, uniqueLow, uniqueHigh, resent, nodeId, uid, gid, pid } = frame;
  const seen: unknown[] = [problem, opcode, unique, uniqueLow, uniqueHigh, resent, nodeId, uid, gid, pid];
  seen.push(frame.name(0), frame.name(1), frame.bodyLength);
  seen.push(frame.payloadOffset, frame.payload().toString('latin1'), frame.optionalU32(initIn.flags2));
  if (problem !== undefined) return seen;
  const layout = requestLayout[opcode];
  if (layout === undefined) throw new Error('accepted what is in no table');
  const fixed = layout.name === 'SETXATTR' && extendedSetxattr ? setxattrExtIn.bytes : layout.minBody;
  for (let at = 0; at + 4 <= fixed; at += 4) seen.push(frame.u32(at), frame.i32(at));
  for (let at = 0; at + 8 <= fixed; at += 4) seen.push(frame.u64(at), frame.i64(at), frame.uniqueAt(at));
  if (layout.name === 'BATCH_FORGET') {
    for (let at = 8; at < 8 + frame.payloadLength; at += 8) seen.push(frame.u64(at));
  }
  if (frame.payloadOffset + frame.payloadLength > bytes.length) throw new Error('payload leaves the frame');
  return seen;
}

/** Throws with the seed and the smallest frame that breaks the rule. */
function check(bytes: fc.Arbitrary<Buffer>): void {
  const property = fc.property(bytes, fc.boolean(), (frame, extended) => {
    assert.deepEqual(readAll(frame, 0x00, extended), readAll(frame, 0xff, extended));
  });
  fc.assert(property, { numRuns: 3000 });
}

/** The header says the true length, or nearly nothing would get past the first check. */
function withLength(bytes: Buffer): Buffer {
  if (bytes.length >= 4) bytes.writeUInt32LE(bytes.length);
  return bytes;
}

const anyBytes = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes));
const someOpcode = fc.constantFrom(...goldenRequests.map((golden) => golden.opcode));
const someGolden = fc.constantFrom(...goldenRequests);
const someExtensions = fc.constantFrom(
  Buffer.alloc(0),
  pack(['LLLL', 16, 32, 1, 0xabcd]),
  pack(['LLLLLL', 8, 1, 16, 32, 1, 0xabcd]),
);
const pokes = fc.array(fc.tuple(fc.nat({ max: 300 }), fc.constantFrom(0, 1, 8, 0x7f, 0x80, 0xff)), {
  maxLength: 6,
});

t.test('random bytes', (t) => {
  check(fc.oneof(anyBytes, anyBytes.map(withLength)));
  t.end();
});

t.test('a sound header, a random body', (t) => {
  check(fc.tuple(someOpcode, anyBytes).map(([opcode, body]) => request(opcode, [body])));
  t.end();
});

t.test('golden frames, cut and mutated', (t) => {
  const mutated = fc
    .tuple(someGolden, someExtensions, pokes, fc.nat({ max: 20 }))
    .map(([golden, extensions, changes, less]) => {
      const bytes = request(golden.opcode, golden.body, extensions);
      for (const [at, value] of changes) if (at >= 4 && at < bytes.length) bytes[at] = value;
      return withLength(Buffer.from(bytes.subarray(0, Math.max(40, bytes.length - less))));
    });
  check(mutated);
  t.end();
});
