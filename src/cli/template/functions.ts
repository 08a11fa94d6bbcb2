/**
 * The functions of templates: those of Go's text/template and of Docker's formatter that make sense of JSON.
 */
import { UserError } from '../../base/user-error.ts';
import { compare, isSame } from './compare.ts';
import { formatted, longestPadding } from './printf.ts';
import { isTrue, textOf } from './values.ts';

type TemplateFunction = (...args: readonly unknown[]) => unknown;
export type TemplateFunctions = ReadonlyMap<string, TemplateFunction>;

/** Of what is given to these, nothing after the first that this holds for matters, or is looked at. */
export const deciding: ReadonlyMap<string, (value: unknown) => boolean> = new Map([
  ['and', (value: unknown) => !isTrue(value)],
  ['or', isTrue],
]);

export const templateFunctions: TemplateFunctions = new Map<string, TemplateFunction>([
  ['json', (value) => JSON.stringify(value ?? null)],
  ['len', lengthOf],
  ['index', (value, ...keys) => keys.reduce(elementOf, value)],
  ['slice', sliceOf],
  ['join', (list, separator) => listOf(list).map(textOf).join(textOf(separator))],
  ['split', (text, separator) => textOf(text).split(textOf(separator))],
  ['lower', (text) => textOf(text).toLowerCase()],
  ['upper', (text) => textOf(text).toUpperCase()],
  ['title', (text) => textOf(text).replaceAll(/(?<!\w)\w/g, (letter) => letter.toUpperCase())],
  ['truncate', (text, length) => Array.from(textOf(text)).slice(0, countOf('truncate', length)).join('')],
  ['pad', (text, before, after) => padded(textOf(text), countOf('pad', before), countOf('pad', after))],
  ['print', printed],
  ['println', (...values) => `${values.map(textOf).join(' ')}\n`],
  ['printf', (format, ...values) => formatted(textOf(format), values)],
  ['eq', (value, ...others) => others.some((other) => isSame(value, other))],
  ['ne', (value, other) => !isSame(value, other)],
  ['lt', (a, b) => compare(a, b) < 0],
  ['le', (a, b) => compare(a, b) <= 0],
  ['gt', (a, b) => compare(a, b) > 0],
  ['ge', (a, b) => compare(a, b) >= 0],
  ['not', (value) => !isTrue(value)],
  ...Array.from(
    deciding,
    ([name, decides]) => [name, (...values: readonly unknown[]) => firstOrLast(values, decides)] as const,
  ),
]);

/** For the headings of a table: what is made of a value leaves the name of its column as it is. */
export const headingFunctions: TemplateFunctions = new Map<string, TemplateFunction>([
  ...templateFunctions,
  ...['json', 'slice', 'join', 'split', 'lower', 'upper', 'title', 'truncate'].map(
    (name) => [name, (title: unknown) => title] as const,
  ),
]);

/** Spaces around what is not empty. */
function padded(text: string, before: number, after: number): string {
  return text === '' ? '' : `${' '.repeat(before)}${text}${' '.repeat(after)}`;
}

/** How often, or how much of it. UserError `bad-template` for what no text could have. */
function countOf(name: string, value: unknown): number {
  const count = Number(value);
  if (Number.isInteger(count) && count >= 0 && count <= longestPadding) return count;
  throw new UserError('bad-template', `${name}: ${textOf(value)} is no number of characters`, {
    hint: `write one from 0 to ${String(longestPadding)}`,
  });
}

/** As Go's Sprint: a space between two of which neither is text. */
function printed(...values: readonly unknown[]): string {
  return values
    .map((value, at) => {
      const isApart = at > 0 && typeof value !== 'string' && typeof values[at - 1] !== 'string';
      return `${isApart ? ' ' : ''}${textOf(value)}`;
    })
    .join('');
}

/** The first that is `wanted`, which may be nil, and else the last. */
function firstOrLast(values: readonly unknown[], wanted: (value: unknown) => boolean): unknown {
  return values.at(values.findIndex(wanted));
}

function lengthOf(value: unknown): number {
  if (typeof value === 'string') return Buffer.byteLength(value);
  if (typeof value === 'object' && value !== null) return Object.keys(value).length;
  throw new UserError('bad-template', `len of ${textOf(value)}`, { hint: 'it is for lists, maps and text' });
}

/** A key that a map lacks is nothing, a place that a list lacks is an error. */
function elementOf(value: unknown, key: unknown): unknown {
  if (Array.isArray(value)) {
    const index = Number(key);
    if (Number.isInteger(index) && index >= 0 && index < value.length) return value[index] as unknown;
    throw new UserError('bad-template', `index out of range: ${textOf(key)}`, {
      hint: `the list has ${String(value.length)} elements, from 0 on`,
    });
  }
  if (typeof value !== 'object' || value === null)
    throw new UserError('bad-template', `cannot index ${textOf(value)}`);
  const name = textOf(key);
  return Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : '';
}

/** Text by its bytes. UserError `bad-template` for what is neither text nor a list, and beyond its end. */
function sliceOf(value: unknown, ...bounds: readonly unknown[]): unknown {
  const whole = Array.isArray(value) ? (value as unknown[]) : Buffer.from(textOf(value));
  if (!Array.isArray(value) && typeof value !== 'string')
    throw new UserError('bad-template', `slice of ${textOf(value)}`, { hint: 'it is for lists and text' });
  const [from = 0, to = whole.length] = bounds.map(Number);
  const isWithin = [from, to].every((at) => Number.isInteger(at) && at >= 0 && at <= whole.length);
  if (!isWithin || from > to || bounds.length > 2)
    throw new UserError('bad-template', `slice: index out of range: ${bounds.map(textOf).join(' ')}`, {
      hint: `write where it begins and ends, from 0 to ${String(whole.length)}`,
    });
  return Buffer.isBuffer(whole) ? whole.subarray(from, to).toString() : whole.slice(from, to);
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : value === null || value === undefined ? [] : [value];
}
