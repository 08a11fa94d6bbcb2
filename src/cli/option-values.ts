/** Values of options that may be given several times. */

/** For commander: the values so far, and one more. */
export function collect(value: string, before: readonly string[] = []): string[] {
  return [...before, value];
}

/** `NAME=VALUE` each; without `=`, an empty value. */
export function parsePairs(texts: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    texts.map((text) => {
      const at = text.indexOf('=');
      return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
    }),
  );
}
