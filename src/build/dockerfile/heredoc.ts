/**
 * Heredoc operators as BuildKit finds them (heredocsFromLine and ParseHeredoc in frontend/dockerfile/parser): each is a word of
 * its own. A quoted text is one word, whatever stands in it, and in the JSON form there are none.
 */
import { findJsonList } from './parse-command.ts';
import { splitWords, wordLength } from './words.ts';

export interface HeredocOperator {
  /** Of the line that ends it. */
  readonly name: string;
  /** `<<-`: tabs at the beginning of lines are taken away. */
  readonly isIndented: boolean;
  /** Whether variables in it are expanded: the name stands without quotes. */
  readonly expand: boolean;
}

/** Whatever `# escape=` says. */
const escape = '\\';
const mayHaveOne: ReadonlySet<string> = new Set(['RUN', 'COPY', 'ADD']);

/** Those of an instruction; `text` is what follows its keyword. */
export function heredocOperators(keyword: string, text: string): HeredocOperator[] {
  if (!text.includes('<<')) return [];
  if (keyword === 'ONBUILD') {
    const length = wordLength(text, escape);
    return heredocOperators(text.slice(0, length).toUpperCase(), text.slice(length).trimStart());
  }
  if (!mayHaveOne.has(keyword) || findJsonList(withoutFlags(text)) !== undefined) return [];
  return splitWords(keyword === 'RUN' ? joinOperators(text) : text, escape)
    .map((word) => findOperator(word))
    .filter((operator) => operator !== undefined);
}

/** Undefined for a text that is no operator, or more than one. */
export function findOperator(text: string): HeredocOperator | undefined {
  const [, dash, word = ''] = /^\d*<<(-?)\s*([^<]*)$/.exec(text) ?? [];
  if (splitWords(word, escape).length !== 1) return undefined;
  const name = unquoted(word);
  return name === '' ? undefined : { name, isIndented: dash === '-', expand: !/["']/.test(word) };
}

/** Blanks after a `<<` without quotes belong to its word (processPossibleHeredoc in frontend/dockerfile/shell/lex.go). */
function joinOperators(text: string): string {
  return text.replaceAll(/'[^']*'|"(?:\\[^]|[^"\\])*"|\\[^]|<<[ \t]+/g, (part) =>
    part.startsWith('<<') ? '<<' : part,
  );
}

function withoutFlags(text: string): string {
  let rest = text;
  while (rest.startsWith('--')) rest = rest.slice(wordLength(rest, escape)).trimStart();
  return rest;
}

function unquoted(word: string): string {
  return word.replaceAll(
    /'([^']*)'|"((?:\\[^]|[^"\\])*)"|\\([^])/g,
    (_, single: string | undefined, double: string | undefined, escaped: string | undefined) =>
      single ?? double?.replaceAll(/\\(["\\$])/g, '$1') ?? escaped ?? '',
  );
}
