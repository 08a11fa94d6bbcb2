/**
 * The files that a run of the benchmark is written to. Whether they can be is asked before the run, which takes long; until
 * its end they stay as they are.
 */
import { dirname, relative } from 'node:path';
import { UserError } from '../base/user-error.ts';
import { checkOutput, readOutput } from '../bench/output-check.ts';
import { reportHtml } from '../bench/report/html.ts';
import { hasMarks, marks, placeReport } from '../bench/report/markdown.ts';
import { ratioPicture } from '../bench/report/picture.ts';
import type { BenchRun } from '../bench/results.ts';
import { writeOutput } from '../store/output-file.ts';

/** Paths. */
export interface Outputs {
  readonly json?: string;
  readonly report?: string;
  readonly picture?: string;
}

/** Leaves nothing. Throws UserError `bad-output`, and `no-marks` for a page of somebody else's words. */
export function checkOutputs({ json, report, picture }: Outputs): void {
  for (const path of [json, report, picture]) if (path !== undefined) checkOutput(path);
  if (report !== undefined && isPage(report)) checkPage(report);
}

export async function writeOutputs(run: BenchRun, { json, report, picture }: Outputs): Promise<void> {
  if (json !== undefined) await write(json, `${JSON.stringify(run, undefined, 2)}\n`);
  if (picture !== undefined) await write(picture, await ratioPicture(run));
  if (report === undefined) return;
  if (isPage(report)) {
    const shown = picture === undefined ? undefined : relative(dirname(report), picture);
    checkPage(report);
    await write(report, placeReport(run, readOutput(report), shown));
  } else {
    await write(report, await reportHtml(run));
  }
}

function isPage(report: string): boolean {
  return report.endsWith('.md');
}

function checkPage(path: string): void {
  const text = readOutput(path);
  if (text.trim() === '' || hasMarks(text)) return;
  throw new UserError(
    'no-marks',
    `${path} has no place for a report, which would take that of all its words`,
    {
      hint: `write the lines ${marks.join(' and ')} where it shall stand, or name another file`,
    },
  );
}

function write(path: string, text: string): Promise<void> {
  return writeOutput(path, async (file) => {
    await file.writeFile(text);
  });
}
