/**
 * `printf` of templates: the verbs of Go's package fmt, with flags, width and precision. Where verb and value do not fit, it
 * says so in the text, as Go does. `%s` and `%v` take any value.
 */
import { UserError } from '../../base/user-error.ts';
import { textOf } from './values.ts';

const directive = /%(?<flags>[-+# 0]*)(?<width>\d+)?(?:\.(?<precision>\d*))?(?<verb>[^]|$)/gu;

/** Go's own bound on widths. */
export const longestPadding = 1_000_000;
/** JavaScript's bound on digits. */
const mostDigits = 100;

interface Directive {
  readonly flags: string;
  readonly verb: string;
  readonly precision: number | undefined;
}

/** UserError `bad-template` for a width that is beyond all measure. */
export function formatted(format: string, values: readonly unknown[]): string {
  const left = [...values];
  const text = format.replaceAll(directive, (...match) => {
    const { flags = '', width, precision, verb = '' } = match.at(-1) as Record<string, string | undefined>;
    if (verb === '%') return '%';
    if (verb === '') return '%!(NOVERB)';
    if (left.length === 0) return `%!${verb}(MISSING)`;
    const asked = { flags, verb, precision: precision === undefined ? undefined : Number(precision) };
    return padded(shownAs(asked, left.shift()), flags, lengthOf(width));
  });
  const extra = left.map((value) => `${typeOf(value)}=${textOf(value)}`).join(', ');
  return extra === '' ? text : `${text}%!(EXTRA ${extra})`;
}

function lengthOf(width = '0'): number {
  if (Number(width) <= longestPadding) return Number(width);
  throw new UserError('bad-template', `printf: a width of ${width} is too much`, {
    hint: `it may be ${String(longestPadding)}`,
  });
}

interface Shown {
  readonly text: string;
  /** Of which zeros may be put in front. */
  readonly isNumber: boolean;
}

function padded({ text, isNumber }: Shown, flags: string, width: number): string {
  const missing = Math.max(0, width - Array.from(text).length);
  if (flags.includes('-')) return text + ' '.repeat(missing);
  if (!isNumber || !flags.includes('0')) return ' '.repeat(missing) + text;
  const [sign = ''] = /^[-+ ]?/.exec(text) ?? [];
  return sign + '0'.repeat(missing) + text.slice(sign.length);
}

function shownAs(asked: Directive, value: unknown): Shown {
  const { flags, verb } = asked;
  const number = typeof value === 'number' ? numberText(asked, Math.abs(value)) : undefined;
  if (number !== undefined && typeof value === 'number') {
    const plus = flags.includes('+') ? '+' : flags.includes(' ') ? ' ' : '';
    return { text: `${value < 0 ? '-' : plus}${number}`, isNumber: true };
  }
  const text = plainText(asked, value) ?? `%!${verb}(${typeOf(value)}=${textOf(value)})`;
  return { text, isNumber: false };
}

/** Of what is not shown as a number; undefined where the verb is not for such a value. */
function plainText({ flags, verb, precision }: Directive, value: unknown): string | undefined {
  if (verb === 'T') return typeOf(value);
  const text = textOf(value);
  // A precision says something else of a number.
  const cut = typeof value === 'string' ? Array.from(value).slice(0, precision).join('') : text;
  if (verb === 's') return cut;
  if (verb === 'v') return flags.includes('#') && typeof value === 'string' ? JSON.stringify(cut) : cut;
  if (verb === 'q') return JSON.stringify(cut);
  if (verb === 't' && typeof value === 'boolean') return text;
  if (verb === 'c' && Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 0x10ffff)
    return String.fromCodePoint(Number(value));
  if (typeof value !== 'string') return undefined;
  const hex = Buffer.from(cut).toString('hex');
  return verb === 'x' ? hex : verb === 'X' ? hex.toUpperCase() : undefined;
}

const radixes: Readonly<Record<string, readonly [radix: number, prefix: string]>> = {
  ...{ d: [10, ''], b: [2, '0b'], o: [8, '0'], x: [16, '0x'], X: [16, '0X'] },
};

/** Of a number that is not below 0; undefined where the verb is not for it. */
function numberText({ flags, verb, precision }: Directive, value: number): string | undefined {
  const radix = radixes[verb];
  if (radix !== undefined) {
    if (!Number.isInteger(value)) return undefined;
    const digits = value.toString(radix[0]).padStart(Math.min(precision ?? 0, mostDigits), '0');
    return (flags.includes('#') ? radix[1] : '') + (verb === 'X' ? digits.toUpperCase() : digits);
  }
  if (verb === 'v' || verb === 's') return textOf(value);
  const text = floatText(verb.toLowerCase(), value, precision);
  return verb === 'E' || verb === 'G' ? text?.toUpperCase() : text;
}

function floatText(verb: string, value: number, precision: number | undefined): string | undefined {
  const digits = Math.min(precision ?? 6, mostDigits);
  if (verb === 'f') return value.toFixed(digits);
  if (verb === 'e') return longExponent(value.toExponential(digits));
  if (verb !== 'g') return undefined;
  return longExponent(
    precision === undefined ? String(value) : String(Number(value.toPrecision(digits || 1))),
  );
}

/** Go's exponents have two digits. */
function longExponent(text: string): string {
  return text.replace(/e([-+])(\d)$/, 'e$10$2');
}

/** Go's name of what a value is. */
function typeOf(value: unknown): string {
  if (value === null || value === undefined) return '<nil>';
  if (Array.isArray(value)) return '[]interface {}';
  if (typeof value === 'number') return Number.isInteger(value) ? 'int' : 'float64';
  if (typeof value === 'boolean') return 'bool';
  return typeof value === 'string' ? 'string' : 'map[string]interface {}';
}
