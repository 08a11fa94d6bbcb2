/**
 * Splits the text of a Dockerfile into instructions: where each begins and ends, its keyword, its text as
 * one line, and its heredocs. Boundaries and heredocs are dockerfile-ast's; how lines are joined is ours, as
 * BuildKit does it (frontend/dockerfile/parser): an escape character at the end of a line that no second one
 * precedes, with comment lines and empty lines inside left out.
 */
import {
  DockerfileParser,
  type Instruction as AstInstruction,
  type Heredoc as AstHeredoc,
} from 'dockerfile-ast';
import type { Escape } from './expand-word.ts';
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

/** Splits `source`; `file` is its name in messages. UserError `open-heredoc`; what is no instruction is one of unknown keyword. */
export function splitInstructions(source: string, file: string): SplitFile {
  const text = source.replace(/^\u{FEFF}/u, '').replaceAll('\r\n', '\n');
  const whole = DockerfileParser.parse(text);
  const escape: Escape = whole.getEscapeCharacter() === '`' ? '`' : '\\';
  const directives = new Map(
    whole.getDirectives().map((directive) => [directive.getName().toLowerCase(), directive.getValue()]),
  );
  const lines = text.split('\n');
  const instructions: RawInstruction[] = [];
  let from = 0;
  while (from < lines.length) from = splitFrom(from, { lines, escape, file }, instructions);
  return { escape, directives, instructions };
}

interface Source {
  readonly lines: readonly string[];
  readonly escape: Escape;
  readonly file: string;
}

/**
 * Adds the instructions from line `from` on, and returns the line at which to go on: the end, unless the
 * library joined lines that Docker would not (an escaped escape character at the end of a line).
 */
function splitFrom(from: number, source: Source, to: RawInstruction[]): number {
  const { lines, escape, file } = source;
  // The directive keeps its meaning for the rest of the file.
  const head = from === 0 ? '' : `# escape=${escape}\n`;
  const shift = from - (from === 0 ? 0 : 1);
  for (const node of DockerfileParser.parse(head + lines.slice(from).join('\n')).getInstructions()) {
    const range = node.getRange();
    const start = range.start.line + shift;
    const end = range.end.line + shift;
    const joined = joinLines(lines, start, escape);
    const heredocs = heredocsOf(node);
    const words = /^\s*(\S+)\s*([^]*)$/.exec(joined.text);
    const keyword = words?.[1] ?? '';
    const place = { file, line: start + 1, text: shorten(joined.text) };
    const read = readHeredocs(heredocs, lines, { first: joined.next, shift, place });
    to.push({
      keyword: keyword.toUpperCase(),
      text: (words?.[2] ?? '').trimEnd(),
      heredocs: read.heredocs,
      heredocText: heredocs.length === 0 ? '' : lines.slice(joined.next, read.next).join('\n') + '\n',
      place,
    });
    if (read.next <= end) return read.next;
  }
  return lines.length;
}

/** The logical line that begins at `start`, and the line after it. */
function joinLines(lines: readonly string[], start: number, escape: Escape): { text: string; next: number } {
  const continues = escape === '`' ? /(^|[^`])`[ \t]*$/ : /(^|[^\\])\\[ \t]*$/;
  let text = '';
  let next = start;
  for (; next < lines.length; next += 1) {
    const line = lines[next] ?? '';
    if (next > start && /^\s*(#|$)/.test(line)) continue;
    if (!continues.test(line)) return { text: text + line, next: next + 1 };
    text += line.replace(continues, '$1');
  }
  return { text, next };
}

/** The library's method for the heredocs of RUN and COPY; ADD and ONBUILD have it too, undeclared. */
function heredocsOf(node: AstInstruction): AstHeredoc[] {
  if (!['RUN', 'COPY', 'ADD', 'ONBUILD'].includes(node.getKeyword())) return [];
  const heredocs = (node as unknown as { getHeredocs(): AstHeredoc[] }).getHeredocs();
  // It takes a lone `<<` for one without a name.
  return heredocs.filter((heredoc) => heredoc.getName() !== '');
}

/** The lines between the operators, or the heredoc before, and the delimiter; and the line after all of them. */
function readHeredocs(
  heredocs: readonly AstHeredoc[],
  lines: readonly string[],
  at: { readonly first: number; readonly shift: number; readonly place: Place },
): { readonly heredocs: Heredoc[]; readonly next: number } {
  let next = at.first;
  const read = heredocs.map((heredoc) => {
    const name = heredoc.getName();
    const { start: from, end: to } = heredoc.getStartRange();
    const operator = (lines[from.line + at.shift] ?? '').slice(from.character, to.character);
    const textOf = (line: string) => (operator.startsWith('<<-') ? line.replace(/^\t+/, '') : line);
    // Not the library's delimiter: it has none after a line that ends in a backslash.
    const end = lines.findIndex((line, index) => index >= next && textOf(line) === name);
    if (end < 0) {
      throw errorAt(at.place, {
        code: 'open-heredoc',
        message: `the heredoc <<${name} has no end`,
        hint: `write ${name} on a line of its own where it ends`,
      });
    }
    const content = lines.slice(next, end).map((line) => `${textOf(line)}\n`);
    next = end + 1;
    return { name, content: content.join(''), expand: !/["']/.test(operator) };
  });
  return { heredocs: read, next };
}
