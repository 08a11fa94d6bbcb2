/**
 * What a reader of the report must not miss, ahead of all charts: failed trials, missed thresholds, and what was not measured.
 */
import type { BenchRun } from '../results.ts';
import { leftOutText } from './left-out.ts';
import { html, type Markup } from './markup.ts';
import { xText } from './series.ts';
import { verdictText } from './table.ts';

/** A card for each of the three that there is something to say of. */
export function alarms(run: BenchRun): Markup {
  const failed = failures(run);
  const verdicts = run.workloads.flatMap(({ name, verdicts }) =>
    verdicts.map((verdict) => ({ name, verdict })),
  );
  const missed = verdicts.filter(({ verdict }) => !verdict.met);
  const leftOut = [...run.drivers, ...run.workloads, ...run.series].flatMap(({ name, leftOut }) =>
    leftOut === undefined ? [] : [`${name}: ${leftOutText(leftOut)}`],
  );
  return html` ${failed.length === 0 ? '' : card(`Failed trials: ${String(failed.length)}`, failed, 'alarm')}
  ${
    verdicts.length === 0
      ? ''
      : card(
          `Thresholds: ${String(verdicts.length - missed.length)} of ${String(verdicts.length)} met`,
          missed.map(({ name, verdict }) => html`${name}${verdictText(verdict)}`),
        )
  }
  ${leftOut.length === 0 ? '' : card('Not measured', leftOut)}`;
}

function card(title: string, items: readonly (Markup | string)[], look = ''): Markup {
  return html`<section class="card ${look}">
    <h3>${title}</h3>
    <ul class="plain">
      ${items.map((item) => html`<li>${item}</li>`)}
    </ul>
  </section>`;
}

/** A line for each trial that failed. */
function failures({ workloads, series }: BenchRun): string[] {
  const places = [
    ...workloads.map(({ name, outcomes }) => ({ where: name, outcomes })),
    ...series.flatMap((one) =>
      one.points.map(({ x, outcomes }) => ({ where: `${one.name} at ${xText(one, x)}`, outcomes })),
    ),
  ];
  return places.flatMap(({ where, outcomes }) =>
    Object.entries(outcomes).flatMap(([driver, { errors }]) =>
      errors.map((message) => `${where} on ${driver}: ${message}`),
    ),
  );
}
