import t from 'tap';
import { initFlag, initFlag2, notifyCode, openFlag, setattrValid } from '../../src/wire/flags.ts';

/** Tables that name every bit from 0 on, in order: a flag forgotten or written twice shows. */
const bits = (table: Record<string, number>): number[] =>
  Object.values(table).map((value) => Math.log2(value));
const upTo = (last: number): number[] => Array.from({ length: last + 1 }, (_, bit) => bit);

t.test('no bit is missing', (t) => {
  t.same(bits(initFlag), upTo(30));
  t.same(bits(initFlag2), upTo(10));
  t.same(bits(openFlag), upTo(7));
  t.same(bits(setattrValid), upTo(11));
  t.same(Object.values(notifyCode), upTo(9).slice(1));
  t.end();
});

t.test('those that decide most', (t) => {
  t.same(
    [initFlag.INIT_EXT, initFlag.HANDLE_KILLPRIV_V2, initFlag2.PASSTHROUGH, openFlag.PASSTHROUGH],
    [0x40000000, 0x10000000, 0x20, 0x80],
  );
  t.end();
});
