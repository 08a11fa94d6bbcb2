/**
 * The patterns of `${x#pattern}`, `${x%pattern}` and `${x/pattern/new}`: `*` and `?` stand for any
 * characters, a backslash takes their meaning away, everything else is itself (brackets too: Dockerfile
 * reference, "Environment replacement").
 */

/** Source of a regular expression; `*` matches as much as it can, or as little. */
export function patternSource(pattern: string, reach: 'longest' | 'shortest'): string {
  let source = '';
  for (let i = 0; i < pattern.length; i += 1) {
    const char = pattern.charAt(i);
    if (char === '*') source += reach === 'longest' ? '.*' : '.*?';
    else if (char === '?') source += '.';
    else if (char === '\\' && i + 1 < pattern.length) {
      i += 1;
      source += literal(pattern.charAt(i));
    } else source += literal(char);
  }
  return source;
}

/** `value` without the beginning that matches: the longest or the shortest one. */
export function cutPrefix(value: string, pattern: string, reach: 'longest' | 'shortest'): string {
  return value.replace(new RegExp(`^${patternSource(pattern, reach)}`, 's'), '');
}

/** `value` without the end that matches. */
export function cutSuffix(value: string, pattern: string, reach: 'longest' | 'shortest'): string {
  const whole = new RegExp(`^${patternSource(pattern, 'longest')}$`, 's');
  const starts = Array.from({ length: value.length + 1 }, (_, i) => i);
  if (reach === 'shortest') starts.reverse();
  const start = starts.find((i) => whole.test(value.slice(i)));
  return start === undefined ? value : value.slice(0, start);
}

/** The first match, or every one, replaced by `replacement` as it stands. */
export function replaceMatches(value: string, pattern: string, replacement: string, all: boolean): string {
  const expression = new RegExp(patternSource(pattern, 'longest'), all ? 'gs' : 's');
  return value.replace(expression, () => replacement);
}

function literal(char: string): string {
  return char.replace(/[\\^$.*+?()[\]{}|/-]/, String.raw`\$&`);
}
