/**
 * Durations as Go writes them: `1m30s`, `500ms`.
 */
const nanoseconds: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  // The same letter of the Greek alphabet.
  μs: 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
};

/** In nanoseconds; undefined for what is no duration. Negative ones are none here. */
export function findDuration(text: string): number | undefined {
  const bare = text.replace(/^\+/, '');
  if (bare === '0') return 0;
  if (!/^((\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h))+$/.test(bare)) return undefined;
  let sum = 0;
  for (const [, amount, unit] of bare.matchAll(/(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)/g)) {
    sum += Number(amount) * (nanoseconds[unit ?? ''] ?? 0);
  }
  return Math.round(sum);
}
