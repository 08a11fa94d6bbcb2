/** Values of options, as the parser asks for them. */
import { InvalidArgumentError } from 'commander';
import { UserError } from '../base/user-error.ts';

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

/** Labels as `parsePairs` has them. UserError `bad-label`. */
export function parseLabels(texts: readonly string[]): Record<string, string> {
  const nameless = texts.find((text) => text === '' || text.startsWith('='));
  if (nameless === undefined) return parsePairs(texts);
  throw new UserError('bad-label', `invalid label '${nameless}': empty name`, { hint: 'write NAME=VALUE' });
}

/** Seconds that somebody has; a negative number is all the time in the world, as in Docker. */
export function parseSeconds(text: string): number {
  if (!/^-?\d+$/.test(text)) throw new InvalidArgumentError('It is a number of seconds.');
  return Number(text);
}
