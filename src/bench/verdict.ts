/**
 * Whether ours reaches what it must. A workload that failed, or that has no figure to compare with, never does.
 */
import type { Driver } from './drivers/driver.ts';
import type { Outcome } from './results.ts';
import type { Series } from './series/series.ts';
import { figure, ratio } from './statistics.ts';
import { moreIsBetter, type Threshold, type Workload } from './workload.ts';

export interface Verdict {
  readonly text: string;
  readonly met: boolean;
}

export type Outcomes = Readonly<Record<string, Outcome>>;

/** What of a driver decides with whom it is compared. */
export type Party = Pick<Driver, 'name' | 'variantOf' | 'durability'>;

/**
 * The name of the driver whose figure stands for `subject` where it is compared with `peer`. Where data is copied up,
 * the two must keep the same promise about it; undefined where `subject` has none that does.
 */
export function counterpart(
  subject: Party,
  peer: Party,
  { durability }: Pick<Workload, 'durability'>,
  drivers: readonly Party[],
): string | undefined {
  if (durability === undefined) return subject.name;
  if (durability !== peer.durability) return undefined;
  if (subject.durability === durability) return subject.name;
  return drivers.find((driver) => driver.variantOf === subject.name && driver.durability === durability)
    ?.name;
}

/** Of a workload or a series: what decides who is compared. */
type Work = Pick<Workload, 'durability'> & Pick<Series, 'withVolatile'>;

/**
 * Whether figures of the two themselves may stand beside each other as a ratio. Where data is copied up they keep the same
 * promise about it: that of the workload, or in a series that all run, their own.
 */
export function isComparable(one: Party, peer: Party, { durability, withVolatile }: Work): boolean {
  if (durability === undefined) return withVolatile !== true || one.durability === peer.durability;
  return one.durability === durability && peer.durability === durability;
}

/** A verdict for each threshold and each of `drivers` that is ours and no variant. */
export function judgeAll(
  workload: Workload,
  outcomes: Outcomes,
  drivers: readonly Driver[],
): (Verdict & { readonly driver: string })[] {
  const subjects = drivers.filter(({ subject, variantOf }) => subject && variantOf === undefined);
  return subjects.flatMap((subject) =>
    workload.thresholds.map((threshold) => {
      const driver = judged(workload, { subject, drivers, threshold });
      const { met, text } = judge(workload, outcomes, { subject, drivers, threshold });
      return { met, text: subjects.length > 1 ? `${subject.name}: ${text}` : text, driver };
    }),
  );
}

interface Question {
  readonly subject: Driver;
  readonly drivers: readonly Driver[];
  readonly threshold: Threshold;
}

/** Whose figure stands for the subject. */
function judged(workload: Workload, { subject, drivers, threshold }: Question): string {
  const peer = 'peer' in threshold ? drivers.find(({ name }) => name === threshold.peer) : undefined;
  return (peer && counterpart(subject, peer, workload, drivers)) ?? subject.name;
}

function judge(workload: Workload, outcomes: Outcomes, { subject, drivers, threshold }: Question): Verdict {
  const { unit } = workload;
  if ('atMost' in threshold) {
    const value = figure(outcomes[subject.name]);
    if (value === undefined) return { met: false, text: 'no figure' };
    const text = `${rounded(value)} ${unit} (at most ${String(threshold.atMost)})`;
    return { met: value <= threshold.atMost, text };
  }
  const peer = drivers.find(({ name }) => name === threshold.peer);
  if (peer === undefined) return { met: false, text: `${threshold.peer} did not run` };
  const name = counterpart(subject, peer, workload, drivers);
  const times = ratio(
    figure(name === undefined ? undefined : outcomes[name]),
    figure(outcomes[peer.name]),
    unit,
  );
  if (times === undefined) return { met: false, text: `no figures to compare with ${peer.name}` };
  if ('timesAsFast' in threshold) {
    const text = `${rounded(1 / times)} times as fast as ${peer.name} (at least ${String(threshold.timesAsFast)})`;
    return { met: 1 / times >= threshold.timesAsFast, text };
  }
  const text = moreIsBetter(unit)
    ? `${rounded(1 / times)} of ${peer.name} (at least ${rounded(1 / threshold.within)})`
    : `${rounded(times)} times ${peer.name} (at most ${String(threshold.within)})`;
  return { met: times <= threshold.within, text };
}

/** Three digits that count, all of them when there are more before the point. */
export function rounded(value: number): string {
  // Rounded first: 999.7 is 1000.
  return value >= 999.5 ? value.toFixed(0) : value.toPrecision(3);
}
