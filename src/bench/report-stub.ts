/**
 * A run as a page, without charts.
 */
import type { BenchRun } from './results.ts';

/** A complete HTML document. */
export function reportHtml(run: BenchRun): Promise<string> {
  const text = JSON.stringify(run, undefined, 2).replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  return Promise.resolve(
    `<!doctype html><meta charset="utf-8"><title>strata bench</title><pre>${text}</pre>\n`,
  );
}
