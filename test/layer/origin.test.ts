import * as fc from 'fast-check';
import t from 'tap';
import { decodeOrigin, encodeOrigin, findIndexName, originOfIndexName } from '../../src/layer/origin.ts';

const uuid = Buffer.from('00112233445566778899aabbccddeeff', 'hex');
const handle = { type: 1, bytes: Buffer.from('1112131421222324', 'hex') };

t.test('the bytes of the kernel', (t) => {
  const bytes = '00fb1d0001' + '00112233445566778899aabbccddeeff' + '1112131421222324';
  t.equal(encodeOrigin(handle, uuid)?.toString('hex'), bytes);
  t.equal(encodeOrigin(handle, uuid, true)?.toString('hex'), bytes.replace('1d00', '1d04'));
  t.equal(
    encodeOrigin(handle, Buffer.alloc(0))?.toString('hex'),
    bytes.replace(/00112.*eeff/, '0'.repeat(32)),
  );
  t.end();
});

t.test('what is encoded is decoded, and found by its name in the index', (t) => {
  const any = fc.record({
    type: fc.integer({ min: 0, max: 254 }),
    words: fc.uint8Array({ minLength: 1, maxLength: 58 }),
    uuid: fc.uint8Array({ minLength: 16, maxLength: 16 }),
    upper: fc.boolean(),
  });
  fc.assert(
    fc.property(any, ({ type, words, uuid, upper }) => {
      const bytes = Buffer.concat(Array.from(words, (byte) => Buffer.alloc(4, byte)));
      const origin = encodeOrigin({ type, bytes }, Buffer.from(uuid), upper);
      if (origin === undefined) return t.fail('too long');
      t.same(decodeOrigin(origin), { handle: { type, bytes }, uuid: Buffer.from(uuid), upper });
      const name = findIndexName(origin);
      return name === undefined || originOfIndexName(name)?.equals(origin) === true;
    }),
    { numRuns: 50 },
  );
  t.end();
});

t.test('a handle that does not fit is not stored', (t) => {
  t.ok(encodeOrigin({ type: 1, bytes: Buffer.alloc(232) }, uuid));
  t.equal(encodeOrigin({ type: 1, bytes: Buffer.alloc(236) }, uuid), undefined);
  t.end();
});

t.test('truncated at every length, it is no origin', (t) => {
  const origin = encodeOrigin(handle, uuid) ?? Buffer.alloc(0);
  t.equal(decodeOrigin(origin.subarray(0, 0)), 'empty');
  for (let length = 1; length < origin.length; length += 1) {
    t.equal(decodeOrigin(origin.subarray(0, length)), undefined);
  }
  t.end();
});

t.test('what a newer kernel or another machine wrote says nothing', (t) => {
  const change = (offset: number, value: number): Buffer => {
    const origin = Buffer.from(encodeOrigin(handle, uuid) ?? Buffer.alloc(0));
    origin[offset] = value;
    return origin;
  };
  t.equal(decodeOrigin(change(0, 1)), 'empty', 'version');
  t.equal(decodeOrigin(change(3, 0x80)), 'empty', 'unknown flag');
  t.equal(decodeOrigin(change(3, 1)), 'empty', 'big endian');
  t.type(decodeOrigin(change(3, 3)), 'object', 'any endian');
  t.equal(decodeOrigin(change(1, 0xfa)), undefined, 'magic');
  t.end();
});

t.test('names that are no index entries', (t) => {
  for (const name of [
    '',
    '#1',
    'README',
    '00fb',
    'ff'.repeat(29),
    `00fb1d${'00'.repeat(25)}`,
    `00FB1D${'00'.repeat(26)}`,
  ]) {
    t.equal(originOfIndexName(name as never), undefined, name);
  }
  t.end();
});
