import t from 'tap';
import { parseMetacopy } from '../../src/layer/metacopy.ts';

t.test('the empty value and the bare header say that the data is below', (t) => {
  t.same(parseMetacopy(Buffer.alloc(0)), { invalid: false });
  t.same(parseMetacopy(Buffer.from([0, 4, 0, 0])), { invalid: false });
  t.end();
});

t.test('a digest comes with its algorithm', (t) => {
  const digest = Buffer.alloc(32, 0x33);
  const value = Buffer.concat([Buffer.from([0, 36, 0, 1]), digest]);
  t.same(parseMetacopy(value), { invalid: false, algorithm: 1, digest });
  t.end();
});

t.test('every other value is malformed', (t) => {
  for (const value of [[0], [0, 4, 0], [1, 4, 0, 0], [0, 5, 0, 0], [0, 4, 0, 0, 0]]) {
    t.same(parseMetacopy(Buffer.from(value)), { invalid: true });
  }
  t.same(parseMetacopy(Buffer.concat([Buffer.from([0, 69, 0, 1]), Buffer.alloc(65)])), { invalid: true });
  t.end();
});
