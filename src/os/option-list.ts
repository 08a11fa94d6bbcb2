/**
 * The syntax of `-o`, as the kernel's overlayfs reads it (fs/overlayfs/params.c): options are separated by
 * commas, the paths in `lowerdir` by colons, and a backslash takes the meaning from the character after
 * it. Works on bytes in latin1 strings, knows no option by name.
 */
import { asName, type Name } from '../base/name.ts';

export interface RawOption {
  readonly name: string;
  /** Still with its backslashes; undefined where there was no `=`. */
  readonly value: string | undefined;
}

/**
 * One option and the comma after it. A label of SELinux comes in quotes, since it has commas (mount(8)); in
 * anything else a quote is a character as any other.
 */
const oneOption = /((?:(?:fs|def|root)?context="[^"]*")?(?:\\[\s\S]?|[^,\\]+)*)(?:,|$)/gy;

/** Splits one `-o` argument. Empty options, which podman writes, are left out. */
export function splitOptions(list: string): RawOption[] {
  return Array.from(list.matchAll(oneOption), ([, option = '']) => option)
    .filter((option) => option !== '')
    .map((option) => {
      const equals = option.indexOf('=');
      if (equals < 0) return { name: option, value: undefined };
      return { name: option.slice(0, equals), value: option.slice(equals + 1) };
    });
}

export interface LowerPaths {
  readonly lower: readonly Name[];
  readonly dataOnly: readonly Name[];
}

/**
 * Splits the value of `lowerdir`: `TOP:...:BOTTOM[::DATA]...`. undefined where a path is empty, or an
 * ordinary layer follows a data-only one. One colon too many at either end is none, as for fuse-overlayfs.
 */
export function splitLowerPaths(value: string): LowerPaths | undefined {
  const parts = splitUnescaped(value, ':');
  if (parts.length > 1 && parts.at(-1) === '') parts.pop();
  if (parts.length > 1 && parts[0] === '') parts.shift();
  const lower: Name[] = [];
  const dataOnly: Name[] = [];
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i] ?? '';
    if (part !== '') {
      if (dataOnly.length > 0) return undefined;
      lower.push(unescape(part));
      continue;
    }
    // An empty part is the second colon of `::`; a data-only path follows it, and an ordinary one precedes.
    const data = parts[++i] ?? '';
    if (data === '' || lower.length === 0) return undefined;
    dataOnly.push(unescape(data));
  }
  return lower.length === 0 ? undefined : { lower, dataOnly };
}

/** Takes the backslashes away. */
export function unescape(value: string): Name {
  return asName(value.replace(/\\([\s\S])/g, '$1'));
}

/** Protects a path in the value of `lowerdir`, `upperdir` or `workdir`. */
export function escape(path: string): string {
  return path.replace(/[\\:,]/g, '\\$&');
}

function splitUnescaped(text: string, separator: string): string[] {
  const parts: string[] = [];
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '\\') i++;
    else if (text[i] === separator) {
      parts.push(text.slice(start, i));
      start = i + 1;
    }
  }
  parts.push(text.slice(start));
  return parts;
}
