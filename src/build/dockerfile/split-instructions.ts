/**
 * Splits the text of a Dockerfile into instructions: where each begins and ends, its keyword, its text as one line, and
 * its heredocs. Lines are joined as BuildKit does it (Parse in frontend/dockerfile/parser): an escape character at the
 * end of a line that no second one precedes, with comment lines and empty lines inside left out.
 */
import type { Escape } from './expand-word.ts';
import { heredocOperators, type HeredocOperator } from './heredoc.ts';
import { errorAt, shorten, type Place } from './place.ts';

export interface Heredoc {
  readonly name: string;
  /** As it stands behind the operator, with the tabs of `<<-` taken away; each line with its end. */
  readonly content: string;
  /** Whether variables in it are expanded: the name stands without quotes. */
  readonly expand: boolean;
}

export interface RawInstruction {
  /** In capitals. */
  readonly keyword: string;
  /** What follows the keyword, joined to one line; heredocs are not in it, their operators are. */
  readonly text: string;
  /** What follows the line with the heredoc operators, as written; empty without heredocs. */
  readonly heredocText: string;
  readonly heredocs: readonly Heredoc[];
  readonly place: Place;
}

export interface SplitFile {
  readonly escape: Escape;
  /** Names in lower case with their values: `syntax`, `escape`. */
  readonly directives: ReadonlyMap<string, string>;
  readonly instructions: readonly RawInstruction[];
}

const isCommentOrEmpty = (line: string): boolean => /^\s*(#|$)/.test(line);

/** Splits `source`; `file` is its name in messages. UserError `open-heredoc`; what is no instruction is one of unknown keyword. */
export function splitInstructions(source: string, file: string): SplitFile {
  const lines = source
    .replace(/^\u{FEFF}/u, '')
    .replaceAll('\r\n', '\n')
    .split('\n');
  const directives = directivesOf(lines);
  const escape: Escape = directives.get('escape') === '`' ? '`' : '\\';
  const instructions: RawInstruction[] = [];
  for (let start = 0; start < lines.length;) {
    const joined = isCommentOrEmpty(lines[start] ?? '') ? undefined : joinLines(lines, start, escape);
    const words = /^\s*(\S+)\s*([^]*)$/.exec(joined?.text ?? '');
    if (joined === undefined || words === null) {
      start = joined?.next ?? start + 1;
      continue;
    }
    const keyword = (words[1] ?? '').toUpperCase();
    const text = (words[2] ?? '').trimEnd();
    const place = { file, line: start + 1, text: shorten(joined.text) };
    const { heredocs, next } = readHeredocs(heredocOperators(keyword, text), lines, joined.next, place);
    const heredocText = heredocs.length === 0 ? '' : `${lines.slice(joined.next, next).join('\n')}\n`;
    instructions.push({ keyword, text, heredocs, heredocText, place });
    start = next;
  }
  return { escape, directives, instructions };
}

const directiveNames: ReadonlySet<string> = new Set(['syntax', 'escape', 'check']);

/** They stand before everything else, and end with the first line that is none. */
function directivesOf(lines: readonly string[]): Map<string, string> {
  const directives = new Map<string, string>();
  for (const line of lines) {
    const [, name = '', value = ''] = /^\s*#\s*([a-z][a-z0-9]*)\s*=\s*(.+?)\s*$/i.exec(line) ?? [];
    if (!directiveNames.has(name.toLowerCase())) break;
    directives.set(name.toLowerCase(), value);
  }
  return directives;
}

/** The logical line that begins at `start`, and the line after it. */
function joinLines(lines: readonly string[], start: number, escape: Escape): { text: string; next: number } {
  const continues = escape === '`' ? /(^|[^`])`[ \t]*$/ : /(^|[^\\])\\[ \t]*$/;
  let text = '';
  let next = start;
  for (; next < lines.length; next += 1) {
    const line = lines[next] ?? '';
    if (next > start && isCommentOrEmpty(line)) continue;
    if (!continues.test(line)) return { text: text + line, next: next + 1 };
    text += line.replace(continues, '$1');
  }
  return { text, next };
}

/** The lines between `first`, or the heredoc before, and the name; and the line after all of them. */
function readHeredocs(
  operators: readonly HeredocOperator[],
  lines: readonly string[],
  first: number,
  place: Place,
): { readonly heredocs: Heredoc[]; readonly next: number } {
  let next = first;
  const heredocs = operators.map(({ name, isIndented, expand }) => {
    const textOf = (line: string) => (isIndented ? line.replace(/^\t+/, '') : line);
    const end = lines.findIndex((line, index) => index >= next && textOf(line) === name);
    if (end < 0) {
      throw errorAt(place, {
        code: 'open-heredoc',
        message: `the heredoc <<${name} has no end`,
        hint: `write ${name} on a line of its own where it ends`,
      });
    }
    const content = lines.slice(next, end).map((line) => `${textOf(line)}\n`);
    next = end + 1;
    return { name, content: content.join(''), expand };
  });
  return { heredocs, next };
}
