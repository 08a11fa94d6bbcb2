/**
 * Fields for templates and for JSON alike, as Docker has them of Go's structures: one that is marked `omitempty` is left out of
 * JSON where it is empty, and a template finds it all the same.
 */

/** `fields`, of which those named are not in JSON where they are empty: '', 0, false, null, a list or a map of nothing. */
export function omitEmpty<T extends object>(fields: T, ...names: readonly (keyof T & string)[]): T {
  const omitted: readonly string[] = names;
  const isShown = ([name, value]: [string, unknown]): boolean => !omitted.includes(name) || !isEmpty(value);
  const toJSON = (): object => Object.fromEntries(Object.entries(fields).filter(isShown));
  return Object.defineProperty({ ...fields }, 'toJSON', { value: toJSON });
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null ? Object.keys(value).length === 0 : !value;
}
