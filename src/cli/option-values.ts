/** Values of options, as the parser asks for them. */
import { InvalidArgumentError } from 'commander';

/** Of an option that may be given several times: the values so far, and one more. */
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

/** Seconds that somebody has; a negative number is all the time in the world, as in Docker. */
export function parseSeconds(text: string): number {
  if (!/^-?\d+$/.test(text)) throw new InvalidArgumentError('It is a number of seconds.');
  return Number(text);
}
