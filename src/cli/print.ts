/** What commands print: JSON for programs, lines for people. */
import { lineOf } from './error-line.ts';
import { plainText } from './plain-text.ts';

export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, undefined, 2)}\n`);
}

/** Nothing where there are none. */
export function printLines(lines: readonly string[]): void {
  process.stdout.write(linesText(lines));
}

/** Lines for standard output. A terminal gets no control characters; a program reads each line as it is. */
export function linesText(lines: readonly string[]): string {
  const shown = process.stdout.isTTY ? lines.map(plainText) : lines;
  return shown.map((line) => `${line}\n`).join('');
}

/** On standard error, as one line. */
export function printError(thrown: unknown): void {
  process.stderr.write(`strata: ${lineOf(thrown)}\n`);
}
