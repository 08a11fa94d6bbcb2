/**
 * The report of a run as one HTML file.
 */
import type { BenchRun } from '../results.ts';
import { pageInk, type Chart } from './chart.ts';
import { driverStyles } from './driver-style.ts';
import { page, type DrawnChart } from './page.ts';
import { ratioCharts } from './ratios.ts';
import { renderSvg } from './render.ts';
import { seriesCharts } from './series.ts';

/** Pixels at which charts are laid out; a page may scale them a little. */
const chartWidth = 520;

/** A document that stands alone: charts are inline SVG, nothing is loaded and no script runs. */
export async function reportHtml(run: BenchRun): Promise<string> {
  const styles = driverStyles(run);
  const ink = pageInk(styles);
  return page({
    ...{ run, styles, ink },
    ratios: await draw(ratioCharts(run, ink, chartWidth)),
    series: await draw(seriesCharts(run, ink, chartWidth)),
  });
}

async function draw(charts: readonly Chart[]): Promise<DrawnChart[]> {
  return Promise.all(
    charts.map(async (chart) => ({
      chart,
      svg: chart.spec === undefined ? undefined : await renderSvg(chart.spec),
    })),
  );
}
