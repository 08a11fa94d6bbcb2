/**
 * The geometric means of a run: what it comes to in one number for each pair of drivers.
 */
import type { BenchRun, Mean } from '../results.ts';
import { findFailures, findMean } from '../means.ts';
import { html, type Markup } from './markup.ts';
import { timesText } from './number-text.ts';

/** A card with a row for each driver and a column for each that it is compared with. */
export function meansCard(run: BenchRun): Markup {
  const drivers = [...new Set(run.means.map(({ driver }) => driver))];
  const peers = [...new Set(run.means.map(({ peer }) => peer))];
  const cells = (driver: string): Markup[] => peers.map((peer) => cell(run, findMean(run, driver, peer)));
  if (drivers.length === 0) {
    return html`<section class="card">
      <h3>Geometric means</h3>
      <p>There are none: no driver can be compared with another.</p>
    </section>`;
  }
  return html`<section class="card">
    <h3>Geometric means</h3>
    <p class="quiet">
      Cost as a multiple of a peer’s cost, over the workloads that both can do (in brackets: how many, and how
      many are left out since a trial failed). Below 1× is cheaper.
    </p>
    <div class="scroll" role="region" aria-label="Geometric means" tabindex="0">
      <table class="means" aria-label="Geometric means">
        <thead>
          <tr>
            <th scope="col">driver</th>
            ${peers.map((peer) => html`<th scope="col">÷ ${peer}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${drivers.map(
            (driver) =>
              html`<tr>
                <th scope="row">${driver}</th>
                ${cells(driver)}
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
  </section>`;
}

function cell(run: BenchRun, mean: Mean | undefined): Markup {
  if (mean === undefined) return html`<td>–</td>`;
  const failed = findFailures(run, mean).all.length;
  const count = `${String(mean.workloads)}${failed === 0 ? '' : `; ${String(failed)} failed`}`;
  return html`<td><strong>${timesText(mean.ratio)}</strong> <span class="unit">(${count})</span></td>`;
}
