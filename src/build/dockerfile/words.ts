/**
 * Splits the text of an instruction into words without changing them: quotes and escapes stay, for the
 * expansion that comes later.
 */
import type { Escape } from './expand-word.ts';

/** Words between unquoted blanks; an open quote reaches to the end. */
export function splitWords(text: string, escape: Escape): string[] {
  const words: string[] = [];
  let rest = text.trimStart();
  while (rest !== '') {
    const length = wordLength(rest, escape);
    words.push(rest.slice(0, length));
    rest = rest.slice(length).trimStart();
  }
  return words;
}

/** Characters up to the first unquoted blank. */
export function wordLength(text: string, escape: Escape): number {
  let quote = '';
  for (let i = 0; i < text.length; i += 1) {
    const char = text.charAt(i);
    // In single quotes an escape is a character like others.
    if (char === escape && quote !== "'") i += 1;
    else if (quote !== '') quote = char === quote ? '' : quote;
    else if (char === '"' || char === "'") quote = char;
    else if (/\s/.test(char)) return i;
  }
  return text.length;
}

/** The text split at the first `separator`; undefined where there is none. */
export function cutOnce(text: string, separator: string): [string, string] | undefined {
  const index = text.indexOf(separator);
  return index < 0 ? undefined : [text.slice(0, index), text.slice(index + separator.length)];
}
