import t from 'tap';
import { turns } from '../../src/bench/turns.ts';

t.test('each round has every driver once, and begins with another one', async (t) => {
  t.same(turns(['a', 'b', 'c'], 4), [
    ['a', 'b', 'c'],
    ['b', 'a', 'c'],
    ['c', 'a', 'b'],
    ['a', 'c', 'b'],
  ]);
  t.same(turns([], 2), [[], []]);
  t.same(turns(['a'], 0), []);
  t.same(turns(['a', 'b'], 2), [
    ['a', 'b'],
    ['b', 'a'],
  ]);
});

t.test('nobody always comes after the same neighbour', async (t) => {
  for (const count of [3, 4, 5, 8]) {
    const drivers = Array.from({ length: count }, (_, index) => index);
    const orders = turns(drivers, 4);
    for (const order of orders) t.same([...order].sort(), drivers);
    t.equal(new Set(orders.map(([first]) => first)).size, Math.min(count, 4), 'who begins');
    for (const driver of drivers) {
      // Who begins comes after nobody of its round.
      const before = new Set(orders.flatMap((order) => order.slice(0, order.indexOf(driver)).slice(-1)));
      t.ok(before.size > 1, `${String(driver)} of ${String(count)}`);
    }
  }
});
