/**
 * Draws a chart. The library is loaded at the first call: it takes longer to load than most commands run.
 */
import type { TopLevelSpec } from 'vega-lite';

/** An `<svg>` element as text. Everything from the data is escaped. */
export async function renderSvg(spec: TopLevelSpec): Promise<string> {
  const [{ View, parse, Warn }, { compile }] = await Promise.all([import('vega'), import('vega-lite')]);
  const view = new View(parse(compile(spec).spec), { renderer: 'none', logLevel: Warn });
  try {
    return await view.toSVG();
  } finally {
    view.finalize();
  }
}
