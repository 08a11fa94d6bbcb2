/**
 * Templates of `--format`, in the grammar of Go's text/template as far as Docker's manual uses it: fields, variables of
 * `range`, functions, pipes, `if`, `with`, `range`, `else`. What it leaves out (`define`, assignments, `break`) is an error.
 * It knows no values and no functions: `evaluate-template.ts` does.
 */
import { UserError } from '../../base/user-error.ts';
import { unquote } from './unquote.ts';

export type TemplateNode =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'print'; readonly value: Pipeline }
  | {
      readonly kind: 'if' | 'with';
      readonly value: Pipeline;
      readonly then: Block;
      readonly otherwise: Block;
    }
  | {
      readonly kind: 'range';
      readonly value: Pipeline;
      /** Of the index or key, and of the element; one name alone is that of the element. */
      readonly names: readonly string[];
      readonly then: Block;
      readonly otherwise: Block;
    };

export type Block = readonly TemplateNode[];

/** Calls, each of which gets what the one before has made as its last argument. */
export type Pipeline = readonly Call[];
export type Call = readonly [Term, ...Term[]];

export type Term =
  | { readonly kind: 'literal'; readonly value: string | number | boolean | null }
  | { readonly kind: 'function'; readonly name: string }
  /** `.A.B`, `$x.A`, `$`; `.` has no path and no variable. */
  | { readonly kind: 'field'; readonly variable?: string; readonly path: readonly string[] }
  /** `(index .Mounts 0).Name` */
  | { readonly kind: 'group'; readonly value: Pipeline; readonly path: readonly string[] };

/** UserError `bad-template`. */
export function parseTemplate(text: string): Block {
  const pieces = splitActions(text);
  const block = parseBlock(pieces, undefined);
  return block.nodes;
}

interface Piece {
  readonly isAction: boolean;
  readonly text: string;
}

/** Text and actions by turns; `{{-` and `-}}` take the white space beside them away. */
function splitActions(text: string): Piece[] {
  const pieces: Piece[] = [];
  const action = /\{\{(-\s)?((?:"(?:\\.|[^"\\])*"|`[^`]*`|(?!\}\})[^])*?)(\s-)?\}\}/y;
  let at = 0;
  let trimsNext = false;
  const addText = (end: number, trimsEnd: boolean): void => {
    let between = text.slice(at, end);
    if (trimsNext) between = between.trimStart();
    if (trimsEnd) between = between.trimEnd();
    if (between !== '') pieces.push({ isAction: false, text: between });
  };
  for (;;) {
    const start = text.indexOf('{{', at);
    if (start < 0) break;
    action.lastIndex = start;
    const match = action.exec(text);
    if (match === null) throw bad(`unclosed action: ${text.slice(start)}`);
    addText(start, match[1] !== undefined);
    const inside = (match[2] ?? '').trim();
    if (!inside.startsWith('/*')) pieces.push({ isAction: true, text: inside });
    at = action.lastIndex;
    trimsNext = match[3] !== undefined;
  }
  addText(text.length, false);
  return pieces;
}

interface ParsedBlock {
  readonly nodes: TemplateNode[];
  /** What ended it: `end`, or what stands in an `else`. */
  readonly ended: string;
}

/** Takes pieces up to the end of the block that `opener` began; all of them without one. */
function parseBlock(pieces: Piece[], opener: string | undefined): ParsedBlock {
  const nodes: TemplateNode[] = [];
  for (;;) {
    const piece = pieces.shift();
    if (piece === undefined) {
      if (opener !== undefined) throw bad(`unexpected EOF: {{${opener}}} has no {{end}}`);
      return { nodes, ended: 'end' };
    }
    if (!piece.isAction) {
      nodes.push({ kind: 'text', text: piece.text });
      continue;
    }
    const [, keyword = '', rest = ''] = /^([a-z]+)?\b\s*([^]*)$/.exec(piece.text) ?? [];
    if (keyword === 'end' || keyword === 'else') {
      if (opener === undefined) throw bad(`unexpected {{${keyword}}}`);
      return { nodes, ended: keyword === 'end' ? 'end' : rest };
    }
    nodes.push(parseNode(pieces, keyword, rest, piece.text));
  }
}

function parseNode(pieces: Piece[], keyword: string, rest: string, whole: string): TemplateNode {
  switch (keyword) {
    case 'if':
    case 'with':
      return { kind: keyword, value: parsePipeline(rest), ...parseBranches(pieces, keyword) };
    case 'range': {
      const [, first, second, source] = /^(?:(\$\w+)\s*(?:,\s*(\$\w+)\s*)?:=)?\s*([^]*)$/.exec(rest) ?? [];
      const names = [first, second].filter((name) => name !== undefined);
      return { kind: 'range', names, value: parsePipeline(source ?? ''), ...parseBranches(pieces, keyword) };
    }
    case 'define':
    case 'template':
    case 'block':
    case 'break':
    case 'continue':
      throw bad(`{{${keyword}}} is not there`);
    default:
      return { kind: 'print', value: parsePipeline(whole) };
  }
}

function parseBranches(pieces: Piece[], opener: string): { readonly then: Block; readonly otherwise: Block } {
  const { nodes, ended } = parseBlock(pieces, opener);
  if (ended === 'end') return { then: nodes, otherwise: [] };
  if (ended === '') {
    const rest = parseBlock(pieces, opener);
    if (rest.ended !== 'end') throw bad('a second {{else}}');
    return { then: nodes, otherwise: rest.nodes };
  }
  // `{{else if X}}` shares its end.
  const [, keyword = '', rest = ''] = /^(if|with)\s+([^]*)$/.exec(ended) ?? [];
  return { then: nodes, otherwise: [parseNode(pieces, keyword, rest, `else ${ended}`)] };
}

const tokens =
  /\s*(?:("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])+')|`([^`]*)`|(-?\d+(?:\.\d+)?)|(\$\w*)?((?:\.[A-Za-z_]\w*)+|\.(?![\w.]))|(\$\w*)|([A-Za-z_]\w*)|([|()]))/y;

function parsePipeline(text: string): Pipeline {
  const reader = { text: text.trimEnd(), at: 0 };
  if (reader.text === '') throw bad('missing value for command');
  const pipeline = readPipeline(reader);
  if (reader.at < reader.text.length) throw bad(`unexpected "${reader.text.slice(reader.at).trim()}"`);
  return pipeline;
}

interface Reader {
  readonly text: string;
  at: number;
}

/** Up to a closing parenthesis, or the end. */
function readPipeline(reader: Reader): Pipeline {
  const calls: Call[] = [];
  let terms: Term[] = [];
  const endCall = (): void => {
    const [first, ...more] = terms;
    if (first === undefined) throw bad(`missing value for command: {{${reader.text}}}`);
    calls.push([first, ...more]);
    terms = [];
  };
  while (reader.at < reader.text.length) {
    tokens.lastIndex = reader.at;
    const match = tokens.exec(reader.text);
    if (match === null) throw bad(`unexpected "${reader.text.slice(reader.at).trim()}"`);
    if (match[8] === ')') break;
    reader.at = tokens.lastIndex;
    if (match[8] === '|') endCall();
    else if (match[8] === '(') {
      const value = readPipeline(reader);
      const [closed, path = ''] = /^\s*\)((?:\.[A-Za-z_]\w*)*)/.exec(reader.text.slice(reader.at)) ?? [];
      if (closed === undefined) throw bad(`unclosed parenthesis: {{${reader.text}}}`);
      reader.at += closed.length;
      terms.push({ kind: 'group', value, path: namesIn(path) });
    } else terms.push(termOf(match));
  }
  endCall();
  return calls;
}

function termOf(match: RegExpExecArray): Term {
  const [, quoted, raw, number, base, path, variable, word = ''] = match;
  if (quoted !== undefined) return { kind: 'literal', value: quotedValue(quoted) };
  if (raw !== undefined) return { kind: 'literal', value: raw };
  if (number !== undefined) return { kind: 'literal', value: Number(number) };
  if (path !== undefined) {
    return { kind: 'field', path: namesIn(path), ...(base === undefined ? {} : { variable: base }) };
  }
  if (variable !== undefined) return { kind: 'field', variable, path: [] };
  if (word === 'true' || word === 'false') return { kind: 'literal', value: word === 'true' };
  if (word === 'nil') return { kind: 'literal', value: null };
  return { kind: 'function', name: word };
}

/** `.A.B` */
function namesIn(path: string): string[] {
  return path.split('.').filter((name) => name !== '');
}

/** Between single quotes stands one character, which is the number of it. */
function quotedValue(quoted: string): string | number {
  const text = unquote(quoted);
  if (text !== undefined && quoted.startsWith('"')) return text;
  const [character, ...more] = text ?? '';
  if (character === undefined || more.length > 0) throw bad(`bad string ${quoted}`);
  return character.codePointAt(0) ?? 0;
}

function bad(message: string): UserError {
  return new UserError('bad-template', `template parsing error: ${message}`, {
    hint: "a template is text with fields in it, as in --format '{{.ID}} {{json .Labels}}'",
  });
}
