import t from 'tap';
import { direntBytes, DirentWriter } from '../../src/wire/dirent.ts';
import { pack } from './fixtures/pack.ts';

const entryTtl = { sec: 0x33, nsec: 0x44 };
const attrTtl = { sec: 0x55, nsec: 0x66 };
const cookie = 0x11_2233_4455;

t.test('READDIR', (t) => {
  const buffer = Buffer.alloc(256, 0xee);
  const writer = new DirentWriter();
  writer.start(buffer, 16, 120);
  t.ok(writer.add('na\xefve', 0x11, 0x22, 8, cookie));
  t.ok(writer.add('12345678', 0x33, 0, 4, 2));
  t.equal(writer.length, 32 + 32);
  t.same(
    buffer.subarray(16, 16 + writer.length),
    pack(
      ['QQLL', 0x22_0000_0011n, cookie, 5, 8],
      Buffer.from('na\xefve\0\0\0', 'latin1'),
      ['QQLL', 0x33, 2, 8, 4],
      Buffer.from('12345678'),
    ),
  );
  t.ok(writer.fits(32, false), 'the last byte');
  t.notOk(writer.fits(33, false), 'a record is never cut');
  t.notOk(writer.add('x'.repeat(33), 1, 0, 4, 3));
  t.equal(writer.length, 64, 'what was refused left nothing');
  t.ok(writer.add('x'.repeat(32), 1, 0, 4, 3));
  t.equal(writer.length, 120);
  t.ok(
    buffer.subarray(136).every((byte) => byte === 0xee),
    'nothing after the window',
  );
  t.notOk(writer.add('', 1, 0, 4, 4));
  t.end();
});

t.test('READDIRPLUS', (t) => {
  const buffer = Buffer.alloc(512, 0xee);
  const writer = new DirentWriter();
  writer.start(buffer, 16, 160 + 152);
  t.equal(writer.entryOffset(), 16);
  t.equal(writer.entryAttrOffset(), 56);
  buffer.fill(0xaa, writer.entryAttrOffset(), writer.entryAttrOffset() + 88);
  writer.entry(0x77, 0x88, entryTtl, attrTtl);
  t.ok(writer.addPlus('abc', 0x11, 0x22, 8, cookie));
  t.equal(writer.entryOffset(), 16 + 160);
  writer.noEntry();
  t.notOk(writer.addPlus('d', 1, 0, 4, 2), '160 bytes in 152');
  t.notOk(writer.fits(1, true));
  t.equal(writer.length, 160);
  writer.start(buffer, 16, 160 + 160);
  writer.entry(0x77, 0x88, entryTtl, attrTtl);
  t.ok(writer.addPlus('abc', 0x11, 0x22, 8, cookie));
  writer.noEntry();
  t.ok(writer.addPlus('d', 1, 0, 4, 2));
  t.same(
    buffer.subarray(16, 16 + writer.length),
    pack(
      ['QQQQLL', 0x77, 0x88, 0x33, 0x55, 0x44, 0x66],
      Buffer.alloc(88, 0xaa),
      ['QQLL', 0x22_0000_0011n, cookie, 3, 8],
      Buffer.from('abc\0\0\0\0\0'),
      Buffer.alloc(128),
      ['QQLL', 1, 2, 1, 4],
      Buffer.from('d\0\0\0\0\0\0\0'),
    ),
  );
  t.end();
});

t.test('start', (t) => {
  const writer = new DirentWriter();
  t.notOk(writer.add('a', 1, 0, 4, 1), 'no window yet');
  const buffer = Buffer.alloc(64);
  writer.start(buffer, 16, 4096);
  t.ok(writer.add('a', 1, 0, 4, 1));
  t.notOk(writer.add('b', 1, 0, 4, 1), 'a window larger than its buffer ends with it');
  writer.start(Buffer.alloc(32), 0, 32);
  t.ok(writer.add('a', 1, 0, 4, 1), 'another buffer');
  writer.start(buffer, 0, 0);
  t.equal(writer.length, 0);
  t.notOk(writer.add('a', 1, 0, 4, 1));
  t.end();
});

t.test('direntBytes', (t) => {
  t.same(
    [0, 1, 8, 9, 255].map((length) => [direntBytes(length, false), direntBytes(length, true)]),
    [
      [24, 152],
      [32, 160],
      [32, 160],
      [40, 168],
      [280, 408],
    ],
  );
  t.end();
});
