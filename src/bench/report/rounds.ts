/**
 * How many trials figures come from. Series have fewer than workloads, and a run that was late fewer than it was to have.
 */
import type { BenchRun } from '../results.ts';

/** `one round`, `5 rounds`, `2 to 5 rounds`; what failed does not count. */
export function roundsText({ workloads, series, rounds }: BenchRun): string {
  const all = [...workloads, ...series.flatMap(({ points }) => points)];
  const counts = all.flatMap(({ outcomes }) =>
    Object.values(outcomes).flatMap(({ figures, errors }) => (errors.length > 0 ? [] : figures.length)),
  );
  const measured = counts.filter((count) => count > 0);
  const least = Math.min(...(measured.length === 0 ? [rounds] : measured));
  const most = Math.max(least, ...measured);
  if (least < most) return `${String(least)} to ${String(most)} rounds`;
  return most === 1 ? 'one round' : `${String(most)} rounds`;
}
