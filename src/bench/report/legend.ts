/**
 * The legend of the charts in a page. In HTML, so that it wraps on a narrow screen and stays readable where a chart
 * is scaled down.
 */
import type { Ink } from './chart.ts';
import { html, type Markup } from './markup.ts';

/** Drivers in the order of the ink, each with its mark. */
export function legend(ink: Ink): Markup {
  return html`<ul class="legend" aria-label="Drivers">
    ${[...ink.drivers].map(
      ([name, { color, shape }]) =>
        html`<li>
          <svg viewBox="-1.3 -1.3 2.6 2.6" width="13" height="13" aria-hidden="true">
            <path d="${shape}" fill="${color}" /></svg
          >${name}
        </li>`,
    )}
  </ul>`;
}
