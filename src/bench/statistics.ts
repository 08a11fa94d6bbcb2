/**
 * The arithmetic of the benchmark, in one place so that its verdicts, tables and charts cannot disagree. Costs
 * are what is compared: less is better, whatever the unit. What cannot be computed is undefined, never NaN or
 * infinite.
 */
import type { Outcome } from './results.ts';
import { moreIsBetter, type Unit } from './workload.ts';

export interface Spread {
  readonly min: number;
  readonly max: number;
}

/** The middle value, or the mean of the two in the middle; undefined of nothing. */
export function median(values: readonly number[]): number | undefined {
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.ceil(sorted.length / 2) - 1];
  return upper === undefined || lower === undefined ? undefined : (upper + lower) / 2;
}

/** From the least value to the greatest; undefined of nothing. */
export function spread(values: readonly number[]): Spread | undefined {
  return values.length === 0 ? undefined : { min: Math.min(...values), max: Math.max(...values) };
}

/** The median of an outcome. Undefined where a trial failed: it might have been the slowest. */
export function figure(outcome: Outcome | undefined): number | undefined {
  return outcome === undefined || outcome.errors.length > 0 ? undefined : median(outcome.figures);
}

/** What a figure stands for, less being better: the reciprocal of MiB/s and IOPS. Undefined for a rate of 0. */
export function cost(value: number, unit: Unit): number | undefined {
  if (!moreIsBetter(unit)) return value;
  return value === 0 ? undefined : 1 / value;
}

/** cost(ours) / cost(theirs): below 1 ours is the better. Undefined where one is missing, or theirs costs nothing. */
export function ratio(ours: number | undefined, theirs: number | undefined, unit: Unit): number | undefined {
  const [above, below] = [ours, theirs].map((value) => (value === undefined ? undefined : cost(value, unit)));
  if (above === undefined || below === undefined || below === 0) return undefined;
  return above / below;
}

/** One workload counts for at most this factor in a mean, either way: no single one may decide it. */
const clip = 10;

/** The geometric mean of ratios, each taken for at least 0.1 and at most 10; undefined of nothing. */
export function geometricMean(ratios: readonly number[]): number | undefined {
  if (ratios.length === 0) return undefined;
  const logs = ratios.map((value) => Math.log(Math.min(clip, Math.max(1 / clip, value))));
  return Math.exp(logs.reduce((sum, log) => sum + log, 0) / logs.length);
}
