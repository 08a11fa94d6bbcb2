import * as fc from 'fast-check';
import t from 'tap';
import { formatNlink, parseNlink, unionNlink } from '../../src/layer/nlink.ts';

t.test('the forms of the kernel', (t) => {
  t.same(parseNlink('U+0'), { relative: 'upper', delta: 0 });
  t.same(parseNlink('U-1'), { relative: 'upper', delta: -1 });
  t.same(parseNlink('L+2'), { relative: 'lower', delta: 2 });
  t.equal(formatNlink({ relative: 'upper', delta: 0 }), 'U+0');
  t.equal(formatNlink({ relative: 'lower', delta: -3 }), 'L-3');
  t.end();
});

t.test('what is written is read back', (t) => {
  const nlink = fc.record({
    relative: fc.constantFrom('upper' as const, 'lower' as const),
    delta: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
  });
  fc.assert(
    fc.property(nlink, (value) => {
      const read = parseNlink(formatNlink(value));
      return read?.relative === value.relative && read.delta === value.delta;
    }),
  );
  t.end();
});

t.test('anything else is no link count', (t) => {
  for (const value of ['', 'U', 'U1', 'X+1', 'U+', 'U+1 ', 'U+0x1', 'U++1', 'L+2147483648', 'U+1\n', 'u+1']) {
    t.equal(parseNlink(value), undefined, JSON.stringify(value));
  }
  t.end();
});

t.test('the count in the union', (t) => {
  t.equal(unionNlink(5, 2, { relative: 'upper', delta: 1 }), 3);
  t.equal(unionNlink(5, 2, { relative: 'lower', delta: -1 }), 4);
  t.equal(unionNlink(5, 1, { relative: 'upper', delta: -1 }), undefined);
  t.end();
});
