import t from 'tap';
import { cost, figure, geometricMean, median, ratio, spread } from '../../src/bench/statistics.ts';

t.test('median and spread do not depend on the order', async (t) => {
  t.equal(median([30, 1, 2]), 2);
  t.equal(median([10, 1, 2, 4]), 3);
  t.equal(median([7]), 7);
  t.equal(median([]), undefined);
  t.same(spread([30, 1, 2]), { min: 1, max: 30 });
  t.equal(spread([]), undefined);
});

t.test('an outcome with a failed trial has no figure', async (t) => {
  t.equal(figure({ figures: [3, 1, 2], errors: [] }), 2);
  t.equal(figure({ figures: [3, 1], errors: ['exit 1'] }), undefined);
  t.equal(figure({ figures: [], errors: [] }), undefined);
  t.equal(figure(undefined), undefined);
});

t.test('less cost is better in every unit', async (t) => {
  t.equal(cost(8, 'ms'), 8);
  t.equal(cost(8, 'MB'), 8);
  t.equal(cost(8, 'MiB/s'), 1 / 8);
  t.equal(cost(8, 'IOPS'), 1 / 8);
  t.equal(cost(0, 'IOPS'), undefined);
  t.equal(ratio(20, 10, 'ms'), 2);
  t.equal(ratio(20, 10, 'IOPS'), 0.5);
});

t.test('a ratio with nothing to compare is absent, not infinite', async (t) => {
  t.equal(ratio(undefined, 10, 'ms'), undefined);
  t.equal(ratio(10, undefined, 'ms'), undefined);
  t.equal(ratio(10, 0, 'ms'), undefined);
  t.equal(ratio(0, 10, 'MiB/s'), undefined);
  t.equal(ratio(10, 0, 'MiB/s'), undefined);
  t.equal(ratio(0, 10, 'ms'), 0);
});

t.test('a geometric mean weighs twice as fast as much as twice as slow', async (t) => {
  t.equal(geometricMean([0.5, 2])?.toFixed(9), '1.000000000');
  t.equal(geometricMean([2, 8])?.toFixed(9), '4.000000000');
  t.equal(geometricMean([]), undefined);
});

t.test('no workload counts for more than ten in a mean', async (t) => {
  t.equal(geometricMean([1000, 1])?.toFixed(9), Math.sqrt(10).toFixed(9));
  t.equal(geometricMean([0, 1])?.toFixed(9), Math.sqrt(0.1).toFixed(9));
});
