/**
 * The functions of templates: those of Go's text/template and of Docker's formatter that make sense of JSON.
 */
import { UserError } from '../../base/user-error.ts';
import { isTrue, textOf } from './values.ts';

type TemplateFunction = (...args: readonly unknown[]) => unknown;
export type TemplateFunctions = ReadonlyMap<string, TemplateFunction>;

export const templateFunctions: TemplateFunctions = new Map<string, TemplateFunction>([
  ['json', (value) => JSON.stringify(value ?? null)],
  ['len', lengthOf],
  ['index', (value, ...keys) => keys.reduce(elementOf, value)],
  ['join', (list, separator) => listOf(list).map(textOf).join(textOf(separator))],
  ['split', (text, separator) => textOf(text).split(textOf(separator))],
  ['lower', (text) => textOf(text).toLowerCase()],
  ['upper', (text) => textOf(text).toUpperCase()],
  ['title', (text) => textOf(text).replaceAll(/(?<!\w)\w/g, (letter) => letter.toUpperCase())],
  ['truncate', (text, length) => Array.from(textOf(text)).slice(0, Number(length)).join('')],
  ['pad', (text, before, after) => padded(textOf(text), Number(before), Number(after))],
  ['print', (...values) => values.map(textOf).join('')],
  ['println', (...values) => `${values.map(textOf).join(' ')}\n`],
  ['printf', (format, ...values) => formatted(textOf(format), values)],
  ['eq', (value, ...others) => others.some((other) => other === value)],
  ['ne', (value, other) => value !== other],
  ['lt', (a, b) => Number(a) < Number(b)],
  ['le', (a, b) => Number(a) <= Number(b)],
  ['gt', (a, b) => Number(a) > Number(b)],
  ['ge', (a, b) => Number(a) >= Number(b)],
  ['not', (value) => !isTrue(value)],
  ['and', (...values) => firstOrLast(values, (value) => !isTrue(value))],
  ['or', (...values) => firstOrLast(values, isTrue)],
]);

/** For the headings of a table: what is made of a value leaves the name of its column as it is. */
export const headingFunctions: TemplateFunctions = new Map<string, TemplateFunction>([
  ...templateFunctions,
  ...['json', 'join', 'split', 'lower', 'upper', 'title', 'truncate'].map(
    (name) => [name, (title: unknown) => title] as const,
  ),
]);

/** Spaces around what is not empty. */
function padded(text: string, before: number, after: number): string {
  return text === '' ? '' : `${' '.repeat(before)}${text}${' '.repeat(after)}`;
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

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : value === null || value === undefined ? [] : [value];
}

const verbs = /%(?<width>-?\d+)?(?:\.(?<precision>\d*))?(?<verb>[svdq%])/g;

function formatted(format: string, values: readonly unknown[]): string {
  const left = [...values];
  return format.replaceAll(verbs, (...match) => {
    const { width = '0', precision, verb } = match.at(-1) as Record<string, string | undefined>;
    if (verb === '%') return '%';
    const value = left.shift();
    // Of a number it says something else.
    const text =
      typeof value === 'string' ? Array.from(value).slice(0, cutAt(precision)).join('') : textOf(value);
    const shown = verb === 'q' ? JSON.stringify(text) : text;
    const length = Math.abs(Number(width));
    return width.startsWith('-') ? shown.padEnd(length) : shown.padStart(length);
  });
}

/** `%.s` shows nothing. */
function cutAt(precision: string | undefined): number | undefined {
  return precision === undefined ? undefined : Number(precision);
}
