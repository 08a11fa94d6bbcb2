import t from 'tap';
import { ageText, sizeText, spanText } from '../../src/cli/units.ts';

const hour = 3600;
const day = 24 * hour;

t.test('how long something has been so', (t) => {
  for (const [seconds, expected] of [
    [-5, 'Less than a second'],
    [0.9, 'Less than a second'],
    [1.9, '1 second'],
    [59.9, '59 seconds'],
    [60, 'About a minute'],
    [120, '2 minutes'],
    [hour - 1, '59 minutes'],
    [hour, 'About an hour'],
    [1.4 * hour, 'About an hour'],
    [1.5 * hour, '2 hours'],
    [47.4 * hour, '47 hours'],
    [2 * day, '2 days'],
    [14 * day - hour, '13 days'],
    [14 * day, '2 weeks'],
    [60 * day, '2 months'],
    [729 * day, '24 months'],
    [730 * day, '2 years'],
  ] as const)
    t.equal(spanText(seconds), expected, String(seconds));
  t.end();
});

t.test('ages', (t) => {
  const now = Date.parse('2026-01-31T12:00:00Z');
  t.equal(ageText('2026-01-31T09:00:00Z', now), '3 hours ago');
  t.equal(ageText(undefined, now), 'N/A');
  t.end();
});

t.test('sizes', (t) => {
  for (const [bytes, expected] of [
    [0, '0B'],
    [999, '999B'],
    [1000, '1kB'],
    [1024, '1.02kB'],
    [1_240_000, '1.24MB'],
    [5.372e12, '5.37TB'],
  ] as const)
    t.equal(sizeText(bytes), expected, String(bytes));
  t.end();
});
