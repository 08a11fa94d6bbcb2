/**
 * The tables of a report: every figure that was measured, in numbers. Failed trials stand with their messages
 * where their figures would.
 */
import type { Durability } from '../drivers/driver.ts';
import type { BenchRun, DriverResult, Outcome, SeriesResult, WorkloadResult } from '../results.ts';
import { figure, median, ratio, spread } from '../statistics.ts';
import { isComparable } from '../verdict.ts';
import type { Unit } from '../workload.ts';
import { leftOutText } from './left-out.ts';
import { html, type Markup } from './markup.ts';
import { figureText, timesText } from './number-text.ts';
import { xText } from './series.ts';

/** The drivers that every other one is compared with. */
const peers = ['overlay', 'fuse-overlayfs'];
const columns = 3 + peers.length;

/** What one row group of a table shows. */
interface Block {
  readonly title: string;
  readonly unit: Unit;
  readonly outcomes: Readonly<Record<string, Outcome>>;
  readonly durability?: Durability;
  readonly withVolatile?: true;
  readonly verdicts?: WorkloadResult['verdicts'];
  readonly leftOut?: WorkloadResult['leftOut'];
}

/** A table for each group of workloads, and one for each series. */
export function figureTables(run: BenchRun): Markup[] {
  const groups = [...new Set(run.workloads.map(({ group }) => group))];
  return [
    ...groups.map((group) => {
      const workloads = run.workloads.filter((workload) => workload.group === group);
      return table(
        run,
        group,
        workloads.map((workload) => ({ ...workload, title: workload.name })),
      );
    }),
    ...run.series
      .filter(({ points }) => points.length > 0)
      .map((series) => table(run, series.title, blocksOf(series))),
  ];
}

function blocksOf(series: SeriesResult): Block[] {
  return series.points.map(({ x, outcomes }) => ({
    title: `${series.xTitle}: ${xText(series, x)}`,
    unit: series.unit,
    outcomes,
    ...(series.withVolatile === undefined ? {} : { withVolatile: series.withVolatile }),
  }));
}

function table(run: BenchRun, title: string, blocks: readonly Block[]): Markup {
  const heads = ['driver', 'median', 'least to greatest', ...peers.map((peer) => `÷ ${peer}`)];
  return html`<section class="card">
    <h3>${title}</h3>
    <div class="scroll" role="region" aria-label="Figures: ${title}" tabindex="0">
      <table class="figures" aria-label="${title}">
        <thead>
          <tr>
            ${heads.map((head) => html`<th scope="col">${head}</th>`)}
          </tr>
        </thead>
        ${blocks.map((block) => rowGroup(run, block))}
      </table>
    </div>
  </section>`;
}

function rowGroup(run: BenchRun, block: Block): Markup {
  const { title, unit, outcomes, verdicts = [], leftOut } = block;
  const drivers = run.drivers.filter(({ name }) => outcomes[name] !== undefined);
  return html`<tbody>
    <tr class="block">
      <th scope="rowgroup" colspan="${columns}">
        <div class="wide">${title} <span class="unit">${unit}</span>${verdicts.map(verdictText)}</div>
      </th>
    </tr>
    ${leftOut === undefined ? '' : message('', `not measured: ${leftOutText(leftOut)}`)}
    ${drivers.map((driver) => outcomeRows(run, block, driver))}
  </tbody>`;
}

function outcomeRows(run: BenchRun, block: Block, driver: DriverResult): Markup {
  const { unit, outcomes } = block;
  const outcome = outcomes[driver.name] as Outcome;
  const range = spread(outcome.figures);
  const ratios = peers.map((name) => {
    const peer = run.drivers.find((one) => one.name === name);
    if (peer === undefined || !isComparable(driver, peer, block)) return undefined;
    return ratio(figure(outcome), figure(outcomes[name]), unit);
  });
  const cells = [
    textOrDash(median(outcome.figures), figureText),
    textOrDash(range, ({ min, max }) => `${figureText(min)} to ${figureText(max)}`),
    ...ratios.map((value) => textOrDash(value, timesText)),
  ];
  return html`<tr>
      <th scope="row">${driver.name}</th>
      ${cells.map((text) => html`<td>${text}</td>`)}
    </tr>
    ${outcome.errors.map((error) => message('failed', `${driver.name}, a failed trial: ${error}`))}`;
}

/** A row of text. It stays in sight when the table is scrolled sideways. */
function message(look: string, text: string): Markup {
  return html`<tr class="${look}">
    <td colspan="${columns}"><div class="wide">${text}</div></td>
  </tr>`;
}

/** Whether a threshold was met, told by a sign and a word, not by its colour alone. */
export function verdictText({ text, met }: WorkloadResult['verdicts'][number]): Markup {
  return met
    ? html` <span class="verdict met">✓ met: ${text}</span>`
    : html` <span class="verdict missed">✗ missed: ${text}</span>`;
}

function textOrDash<T>(value: T | undefined, toText: (value: T) => string): string {
  return value === undefined ? '–' : toText(value);
}
