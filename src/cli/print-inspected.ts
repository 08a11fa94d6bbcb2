/** What `inspect` prints: JSON of all that was found, or a line of `--format` for each. */
import { printJson, printLines } from './print.ts';
import { evaluateTemplate } from './template/evaluate-template.ts';
import { parseTemplate } from './template/parse-template.ts';

/** `format`: a template, or `json`. UserError `bad-template`, `no-such-field`. */
export function printInspected(found: readonly object[], format: string | undefined): void {
  if (format === undefined || format === '') printJson(found);
  else if (format === 'json') printLines([JSON.stringify(found)]);
  else {
    const template = parseTemplate(format);
    // As it is: a template may well print lines of its own.
    process.stdout.write(found.map((one) => `${evaluateTemplate(template, one)}\n`).join(''));
  }
}
