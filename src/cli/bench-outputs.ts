/**
 * The files that a run of the benchmark is written to.
 */
import { dirname, relative } from 'node:path';
import { reportHtml } from '../bench/report/html.ts';
import { placeReport } from '../bench/report/markdown.ts';
import { ratioPicture } from '../bench/report/picture.ts';
import { readOutput, writeOutput } from '../bench/result-file.ts';
import type { BenchRun } from '../bench/results.ts';

/** Paths. */
export interface Outputs {
  readonly json?: string;
  readonly report?: string;
  readonly picture?: string;
}

/** Those that are written. */
export function outputPaths({ json, report, picture }: Outputs): string[] {
  return [json, report, picture].filter((path) => path !== undefined);
}

export async function writeOutputs(run: BenchRun, { json, report, picture }: Outputs): Promise<void> {
  if (json !== undefined) writeOutput(json, `${JSON.stringify(run, undefined, 2)}\n`);
  if (picture !== undefined) writeOutput(picture, await ratioPicture(run));
  if (report === undefined) return;
  if (report.endsWith('.md')) {
    const shown = picture === undefined ? undefined : relative(dirname(report), picture);
    writeOutput(report, placeReport(run, readOutput(report), shown));
  } else {
    writeOutput(report, await reportHtml(run));
  }
}
