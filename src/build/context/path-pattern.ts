/**
 * Patterns of paths by the rules of Go's path/filepath.Match, which COPY and ADD have for their sources: `*` and
 * `?` stop at a slash, `[a-z]` and `[^a-z]` are classes, a backslash takes a meaning away; `**` as a whole
 * component stands for any directories, also none.
 */
import { UserError } from '../../base/user-error.ts';

/** What to do about a text that is no pattern. */
export const patternHint = 'close the bracket, and escape what means itself: \\[ \\] \\-';

/** Whether anything in it has a meaning of its own. */
export function hasWildcard(text: string): boolean {
  return /[*?[\\]/.test(text);
}

/**
 * An expression for one component of a path; it matches whole names. Works on text and on latin1 names alike,
 * but for `?`, which is one character of what it is given. UserError `bad-pattern`.
 */
export function componentExpression(pattern: string): RegExp {
  return new RegExp(`^${componentSource(pattern, pattern)}$`, 'us');
}

/**
 * An expression for a path, as rules that leave files out have it: `**` stands for any directories, also none, with the
 * slash after it, and at the end for anything. With nothing but itself after it, at the beginning, it is any beginning
 * (`**.pyc`), as it is for Docker. UserError `bad-pattern`.
 */
export function pathExpression(pattern: string): RegExp {
  const ending = /^\*\*(?!\/)(?<ending>[^*?[\]\\]*)$/.exec(pattern)?.groups?.ending;
  if (ending !== undefined) return new RegExp(`^.*${componentSource(ending, pattern)}$`, 'us');
  let source = '';
  let rest = pattern;
  while (rest !== '') {
    const [token = ''] =
      /^(?:\*\*\/?|(?:(?!\*\*)(?:\\[^]|\[\^?\]?(?:\\[^]|[^\]\\])*\]|[^]))+)/u.exec(rest) ?? [];
    rest = rest.slice(token.length);
    if (!token.startsWith('**')) source += componentSource(token, pattern);
    else source += rest === '' ? '.*' : '(?:.*/)?';
  }
  return new RegExp(`^${source}$`, 'us');
}

/** `whole`: what `pattern` is a part of. */
function componentSource(pattern: string, whole: string): string {
  let source = '';
  let rest = pattern;
  while (rest !== '') {
    const token = /^(\\[^]|\[\^?\]?(?:\\[^]|[^\]\\])*\]|[^])/u.exec(rest)?.[0] ?? rest;
    rest = rest.slice(token.length);
    if (token === '*') source += '[^/]*';
    else if (token === '?') source += '[^/]';
    else if (token.length > 1 && token.startsWith('[')) source += classSource(token, whole);
    else if (token === '[' || (token === '\\' && rest === '')) throw bad(whole);
    else source += literal(token.length > 1 && token.startsWith('\\') ? token.slice(1) : token);
  }
  return source;
}

/** `[^a-z\]]` */
function classSource(token: string, pattern: string): string {
  const isNegated = token.startsWith('[^');
  const members = token.slice(isNegated ? 2 : 1, -1);
  const parts: string[] = [];
  const item = /^(\\[^]|[^-\\\]])(?:-(\\[^]|[^-\\\]]))?/u;
  let rest = members;
  while (rest !== '') {
    const [whole = '', low = '', high] = item.exec(rest) ?? [];
    if (whole === '') throw bad(pattern);
    const [from, to] = [unescaped(low), high === undefined ? undefined : unescaped(high)];
    // A range that is the wrong way round holds nothing, in Go too.
    if (to === undefined) parts.push(member(from));
    else if (from <= to) parts.push(`${member(from)}-${member(to)}`);
    rest = rest.slice(whole.length);
  }
  if (members === '') throw bad(pattern);
  if (parts.length === 0) return isNegated ? '[^/]' : '(?!)';
  return isNegated ? `(?!/)[^${parts.join('')}]` : `[${parts.join('')}]`;
}

function unescaped(char: string): string {
  return char.startsWith('\\') ? char.slice(1) : char;
}

function literal(char: string): string {
  return /^[\^$\\.*+?()[\]{}|/]$/.test(char) ? `\\${char}` : char;
}

/** Of a class: outside of one the expression would be none. */
function member(char: string): string {
  return char === '-' ? '\\-' : literal(char);
}

function bad(pattern: string): UserError {
  return new UserError('bad-pattern', `the pattern "${pattern}" is not complete`, {
    hint: patternHint,
  });
}
