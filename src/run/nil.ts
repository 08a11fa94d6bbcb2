/**
 * Lists and maps that Go's structures have as nil, in what `inspect` tells: JSON has null there, and a template finds something that is
 * empty, of which it prints `[]` or `map[]`, and which `range`, `len` and `if` take.
 */

/** `value`, or where it is missing or empty a list that is null in JSON. */
export function listOrNil<T>(value: readonly T[] | null | undefined): readonly T[] {
  return value === null || value === undefined || value.length === 0 ? nil([]) : value;
}

/** The same of maps. */
export function mapOrNil<T>(
  value: Readonly<Record<string, T>> | null | undefined,
): Readonly<Record<string, T>> {
  return value === null || value === undefined || Object.keys(value).length === 0 ? nil({}) : value;
}

function nil<T extends object>(empty: T): T {
  return Object.defineProperty(empty, 'toJSON', { value: () => null });
}
