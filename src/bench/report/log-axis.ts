/**
 * Logarithmic axes. Their ends and ticks are computed here and not left to the chart library, whose own choice for
 * less than a decade is a line without a number.
 */

export interface LogAxis {
  readonly domain: readonly [number, number];
  readonly ticks: readonly number[];
}

/**
 * From the last of 1, 2, 5, 10, 20, ... below `values` to the first above them; at least two ticks, and seldom more
 * than `mostTicks`. `values` are greater than 0; of none the axis goes from 1 to 10.
 */
export function logAxis(values: readonly number[], mostTicks = 7): LogAxis {
  const least = Math.min(...values, Infinity);
  const most = Math.max(...values, 0);
  if (values.length === 0) return { domain: [1, 10], ticks: [1, 2, 5, 10] };
  const all = stepsBetween(Math.floor(Math.log10(least)) - 1, Math.ceil(Math.log10(most)) + 1);
  const from = all.findLast((step) => step < least * 0.999) ?? least / 2;
  const to = all.find((step) => step > most * 1.001) ?? most * 2;
  const inside = all.filter((step) => step >= from && step <= to);
  return { domain: [from, to], ticks: thinned(inside, mostTicks) };
}

/** 1, 2 and 5 times the powers of ten. */
function stepsBetween(lowest: number, highest: number): number[] {
  const powers = Array.from({ length: highest - lowest + 1 }, (_, i) => lowest + i);
  // Through text, since 10 ** -5 * 5 is not 0.00005.
  return powers.flatMap((power) => [1, 2, 5].map((digit) => Number(`${String(digit)}e${String(power)}`)));
}

/** All of them, the powers of ten when they are too many, then every second of these, every third, ... */
function thinned(steps: readonly number[], mostTicks: number): readonly number[] {
  if (steps.length <= mostTicks) return steps;
  const powers = steps.filter((step) => Number.isInteger(Math.round(Math.log10(step) * 1e9) / 1e9));
  if (powers.length < 3) return steps.filter((_, i) => i % 2 === 0);
  const every = Math.ceil(powers.length / mostTicks);
  return powers.filter((power) => Math.round(Math.log10(power)) % every === 0);
}

/** Those of ascending `values` that can have a label on an axis of `width` pixels, each at least `gap` apart; the last has. */
export function spaced(
  values: readonly number[],
  { domain: [from, to] }: Pick<LogAxis, 'domain'>,
  { width, gap }: { readonly width: number; readonly gap: number },
): number[] {
  const place = (value: number): number => (Math.log(value / from) / Math.log(to / from)) * width;
  const kept: number[] = [];
  for (const value of values.toReversed()) {
    const right = kept[0];
    if (right === undefined || place(right) - place(value) >= gap) kept.unshift(value);
  }
  return kept;
}
