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

/**
 * Splits `source`; `file` is its name in messages. UserError `bad-directive`, `open-heredoc`; what is no instruction is one of
 * unknown keyword.
 */
export function splitInstructions(source: string, file: string): SplitFile {
  const written = source.replace(/^\u{FEFF}/u, '').split('\n');
  const lines = written.map((line) => line.replace(/\r+$/, ''));
  const directives = directivesOf(lines, file);
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
    const operators = heredocOperators(keyword, text);
    const read = readHeredocs(operators, { lines, written, first: joined.next, place });
    instructions.push({ keyword, text, heredocs: read.heredocs, heredocText: read.text, place });
    start = read.next;
  }
  return { escape, directives, instructions };
}

const directiveNames: ReadonlySet<string> = new Set(['syntax', 'escape', 'check']);

/** They stand before everything else, each once, and end with the first line that is none. */
function directivesOf(lines: readonly string[], file: string): Map<string, string> {
  const directives = new Map<string, string>();
  for (const [index, line] of lines.entries()) {
    const [, word = '', value = ''] = /^\s*#\s*([a-z][a-z0-9]*)\s*=\s*(.+?)\s*$/i.exec(line) ?? [];
    const name = word.toLowerCase();
    if (!directiveNames.has(name)) break;
    const place = { file, line: index + 1, text: shorten(line) };
    if (directives.has(name)) {
      throw errorAt(place, { code: 'bad-directive', message: `# ${name}= stands there twice` });
    }
    if (name === 'escape' && value !== '`' && value !== '\\') {
      throw errorAt(place, {
        code: 'bad-directive',
        message: `"${value}" cannot be the escape character`,
        hint: 'write # escape=` or # escape=\\',
      });
    }
    directives.set(name, value);
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

/**
 * The lines between `first`, or the heredoc before, and the name, as they are `written`, with their ends; their text; and the
 * line after all of them.
 */
function readHeredocs(
  operators: readonly HeredocOperator[],
  at: {
    readonly lines: readonly string[];
    readonly written: readonly string[];
    readonly first: number;
    readonly place: Place;
  },
): { readonly heredocs: Heredoc[]; readonly text: string; readonly next: number } {
  let next = at.first;
  let text = '';
  const heredocs = operators.map(({ name, isIndented, expand }) => {
    const textOf = (line: string) => (isIndented ? line.replace(/^\t+/, '') : line);
    const end = at.lines.findIndex((line, index) => index >= next && textOf(line) === name);
    if (end < 0) {
      throw errorAt(at.place, {
        code: 'open-heredoc',
        message: `the heredoc <<${name} has no end`,
        hint: `write ${name} on a line of its own where it ends`,
      });
    }
    const content = at.written.slice(next, end).map((line) => `${line}\n`);
    text += `${content.join('')}${at.lines[end] ?? ''}\n`;
    next = end + 1;
    return { name, content: content.map(textOf).join(''), expand };
  });
  return { heredocs, text, next };
}
