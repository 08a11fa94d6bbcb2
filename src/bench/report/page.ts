/**
 * The page around charts and tables. It stands alone: no script, no file and no network, and its own policy makes a
 * browser refuse them.
 */
import type { BenchRun } from '../results.ts';
import { alarms } from './alarms.ts';
import type { Chart, Ink } from './chart.ts';
import type { DriverStyle } from './driver-style.ts';
import { leftOutText } from './left-out.ts';
import { legend } from './legend.ts';
import { html, trusted, type Markup } from './markup.ts';
import { findMean } from '../means.ts';
import { meansCard } from './means.ts';
import { countText, timesText } from './number-text.ts';
import { pageStyle } from './page-style.ts';
import { roundsText } from './rounds.ts';
import { figureTables } from './table.ts';

/** A chart with what was drawn of it; undefined where there was nothing to draw. */
export interface DrawnChart {
  readonly chart: Chart;
  readonly svg: string | undefined;
}

export interface PageParts {
  readonly run: BenchRun;
  readonly styles: ReadonlyMap<string, DriverStyle>;
  readonly ink: Ink;
  readonly ratios: readonly DrawnChart[];
  readonly series: readonly DrawnChart[];
}

const texts = {
  ratios:
    'What a workload costs (time, memory, or the reciprocal of a rate) relative to the kernel’s overlayfs. Left of the ' +
    'line is cheaper, right of it dearer. Ratios beyond the axis stand at its edge, with their number.',
  series:
    'Medians, with a bar from the least to the greatest figure. Both axes are logarithmic: on a level line a driver ' +
    'does not mind the size.',
  figures:
    'Medians, and what they cost as a multiple of two peers’ cost: below 1× is cheaper. A driver with a failed trial is ' +
    'not compared.',
};

/** A whole HTML document. */
export function page({ run, styles, ink, ratios, series }: PageParts): string {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta
          http-equiv="Content-Security-Policy"
          content="default-src 'none'; style-src 'unsafe-inline'; img-src data:"
        />
        <title>stratafs ${run.version}: copy-on-write benchmark, ${run.date.slice(0, 10)}</title>
        <link rel="icon" href="data:," />
        <style>
          ${trusted(pageStyle(styles))}
        </style>
      </head>
      <body>
        <main>
          ${opening(run)}
          <div class="grid small">${meansCard(run)} ${alarms(run)}</div>
          ${section('Cost of each workload', [texts.ratios, legend(ink)], 'flow', ratios.map(figureOf))}
          ${section('Cost as things grow', [texts.series, legend(ink)], 'grid', series.map(figureOf))}
          ${section('All figures', [texts.figures], 'flow', figureTables(run))} ${setting(run)}
        </main>
      </body>
    </html> `.markup;
}

function opening(run: BenchRun): Markup {
  const { machine } = run;
  return html`<header>
    <h1>Copy-on-write benchmark</h1>
    <p class="quiet">
      stratafs ${run.version},
      <time datetime="${run.date}">${run.date.slice(0, 16).replace('T', ' ')}</time>,
      ${roundsText(run)}${run.quick ? ', a quick run: its figures are coarse' : ''}<br />
      ${machine.cpu}, ${machine.cpus} CPUs, ${countText(Math.round(machine.memoryMiB / 1024))} GiB, Linux
      ${machine.kernel}
    </p>
    ${lede(run)}
  </header> `;
}

/** What it comes to, in one sentence; nothing where strata was not compared. */
function lede(run: BenchRun): Markup | string {
  const means = [findMean(run, 'strata', 'overlay'), findMean(run, 'strata', 'fuse-overlayfs')];
  const clauses = means.flatMap((mean) =>
    mean === undefined ? [] : [html`<strong>${timesText(mean.ratio)}</strong> what ${mean.peer} costs`],
  );
  const [first, second] = clauses;
  if (first === undefined) return '';
  return html`<p class="lede">
    On average strata costs ${first}${second === undefined ? '' : html`, and ${second}`}.
  </p>`;
}

/** Cards that follow each other downwards in columns (`flow`) or side by side (`grid`); nothing without cards. */
function section(
  title: string,
  [text, ...more]: readonly [string, ...Markup[]],
  look: 'flow' | 'grid',
  cards: readonly Markup[],
): Markup | undefined {
  if (cards.length === 0) return undefined;
  return html`<section>
    <h2>${title}</h2>
    <p class="quiet">${text}</p>
    ${more}
    <div class="${look}">${cards}</div>
  </section>`;
}

function figureOf({ chart, svg }: DrawnChart): Markup {
  const { title, summary, notes } = chart;
  const drawing =
    svg === undefined
      ? html`<p>There is no figure to draw.</p>`
      : html`<div class="scroll" role="region" aria-label="Chart: ${title}" tabindex="0">
          <div class="chart" role="img" aria-label="${summary}">${trusted(svg)}</div>
        </div>`;
  const caption =
    notes.length === 0 ? '' : html`<figcaption>${notes.map((note) => html`<p>${note}</p>`)}</figcaption>`;
  return html`<figure class="card">
    <h3>${title}</h3>
    ${drawing}${caption}
  </figure>`;
}

/** With what it was measured: enough to do it again. */
function setting({ machine, drivers, fixtures }: BenchRun): Markup {
  const item = (name: string, value: Markup | string): Markup =>
    html`<dt>${name}</dt>
      <dd>${value}</dd>`;
  return html`<h2>Setting</h2>
    <div class="grid">
      <section class="card">
        <h3>Machine</h3>
        <dl>
          ${item('processor', `${machine.cpu}, ${String(machine.cpus)} CPUs`)}
          ${item('memory', `${countText(machine.memoryMiB)} MiB`)}
          ${item('virtualization', machine.virtualization)} ${item('kernel', machine.kernel)}
          ${item('Node', machine.node)} ${item('layers in', machine.scratch)}
          ${item('fixtures', html`<code>${fixtures}</code>`)}
        </dl>
      </section>
      <section class="card">
        <h3>Drivers</h3>
        <dl>
          ${drivers.map(({ name, version, options, leftOut }) => {
            const missing = leftOut === undefined ? '' : html`<br />not measured: ${leftOutText(leftOut)}`;
            return item(
              name,
              html`${version === '' ? '' : html`${version}<br />`}<code>${options}</code>${missing}`,
            );
          })}
        </dl>
      </section>
    </div>`;
}
