/**
 * Names and paths are bytes. Inside they are latin1 strings, one character a byte, so that any name
 * that the kernel accepts survives; UTF-8 exists at the command line only.
 */
declare const nameBrand: unique symbol;

/** One path component, or a path where a signature says so: latin1, one character a byte, no NUL. */
export type Name = string & { readonly [nameBrand]: true };

/** A latin1 string that is already known to hold bytes. */
export function asName(latin1: string): Name {
  return latin1 as Name;
}

/** What a person typed, in UTF-8, as bytes. */
export function nameFromText(text: string): Name {
  return Buffer.from(text, 'utf8').toString('latin1') as Name;
}

/** Bytes as text for a person that is another one for other bytes: with a backslash for a backslash, and for what is no UTF-8. */
export function nameToExactText(name: string): string {
  const text = nameToText(name);
  const isText = nameFromText(text) === name;
  return (isText ? text : name).replaceAll(isText ? /\\/g : /[\\\x80-\xff]/g, (char) =>
    char === '\\' ? '\\\\' : `\\x${char.charCodeAt(0).toString(16)}`,
  );
}

/** Bytes as text for a person: UTF-8 where they are UTF-8, U+FFFD where not. */
export function nameToText(name: string): string {
  return Buffer.from(name, 'latin1').toString('utf8');
}
