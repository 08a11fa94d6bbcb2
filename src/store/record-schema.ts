/**
 * A schema for JSON objects whose names come from people. valibot's own record leaves out `constructor`, `prototype` and
 * `__proto__`, all of which can be the name of an image or a label. Here every name is the object's own, or not there.
 */
import * as v from 'valibot';

/** An object of any names, with values of this schema. */
export function recordOf<Output>(
  value: v.GenericSchema<unknown, Output>,
): v.GenericSchema<unknown, Record<string, Output>> {
  return v.pipe(
    v.custom<object>(
      (input) => typeof input === 'object' && input !== null && !Array.isArray(input),
      'it is no object',
    ),
    v.transform((input) => new Map<string, unknown>(Object.entries(input))),
    v.map(v.string(), value),
    v.transform((map): Record<string, Output> => Object.fromEntries(map)),
  );
}
