/** What commands print: JSON for programs, lines for people. */
import { lineOf } from './error-line.ts';

export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, undefined, 2)}\n`);
}

/** Nothing where there are none. */
export function printLines(lines: readonly string[]): void {
  process.stdout.write(lines.map((line) => `${line}\n`).join(''));
}

/** On standard error, as one line. */
export function printError(thrown: unknown): void {
  process.stderr.write(`strata: ${lineOf(thrown)}\n`);
}
