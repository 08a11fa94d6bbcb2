import t from 'tap';
import { turns } from '../../src/bench/turns.ts';

t.test('each round has every driver once, and begins with another one', async (t) => {
  t.same(turns(['a', 'b', 'c'], 4), [
    ['a', 'b', 'c'],
    ['b', 'c', 'a'],
    ['c', 'a', 'b'],
    ['a', 'b', 'c'],
  ]);
  t.same(turns([], 2), [[], []]);
  t.same(turns(['a'], 0), []);
});
