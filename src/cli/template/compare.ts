/** How templates compare: text with text by its bytes, numbers with numbers, as Go's `eq` and `lt` do; the rest is an error. */
import { UserError } from '../../base/user-error.ts';
import { textOf } from './values.ts';

/** Nothing is the same as nothing alone. UserError `bad-template` for values of two kinds, for lists and for maps. */
export function isSame(a: unknown, b: unknown): boolean {
  const [isNothing, other] = [a, b].map((value) => value === null || value === undefined);
  if (isNothing === true || other === true) return isNothing === other;
  if (typeof a !== typeof b || typeof a === 'object') throw incomparable(a, b);
  return a === b;
}

/** Below 0 where `a` comes first. UserError `bad-template` for what has no order. */
export function compare(a: unknown, b: unknown): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  if (typeof a === 'string' && typeof b === 'string') return Buffer.compare(Buffer.from(a), Buffer.from(b));
  throw incomparable(a, b);
}

function incomparable(a: unknown, b: unknown): UserError {
  return new UserError(
    'bad-template',
    `incompatible types for comparison: ${textOf(a)} (${kindOf(a)}), ${textOf(b)} (${kindOf(b)})`,
    { hint: 'text stands between quotes, a number does not' },
  );
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  const kinds: Readonly<Record<string, string>> = { string: 'text', number: 'a number', object: 'a map' };
  return kinds[typeof value] ?? 'true or false';
}
