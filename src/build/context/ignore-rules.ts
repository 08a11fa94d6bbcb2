/**
 * What a .dockerignore file, or `--exclude`, leaves out. The rules are @balena/dockerignore's, which follow
 * Docker's; here they are made to tell cases apart, and characters that mean something to it and nothing to
 * Docker are quoted.
 */
import dockerignoreModule from '@balena/dockerignore';
import { nameToText, type Name } from '../../base/name.ts';
import { UserError } from '../../base/user-error.ts';
import { componentExpression, patternHint } from './path-pattern.ts';

// Its types and Node agree on this name only.
const dockerignore = dockerignoreModule.default;

export interface IgnoreRules {
  /** Whether `path`, from the root of the context, is left out. */
  ignores(path: Name): boolean;
  /** Whether something below a directory that is left out can be let in again (`!pattern`). */
  readonly hasExceptions: boolean;
  /** What they were made of. */
  readonly lines: readonly string[];
}

export const noRules: IgnoreRules = { ignores: () => false, hasExceptions: false, lines: [] };

/** Rules of the lines of a file named `file` in messages. UserError `bad-pattern`. */
export function ignoreRules(lines: readonly string[], file: string): IgnoreRules {
  const rules = dockerignore({ ignorecase: false });
  let hasExceptions = false;
  for (const [index, line] of lines.entries()) {
    const text = line.trim();
    if (text === '' || line.startsWith('#')) continue;
    if (text.startsWith('!')) hasExceptions = true;
    try {
      if (text === '!') throw new Error('it lets nothing in');
      // Docker asks filepath.Match whether it is one; the library reads more, and compiles it when it is first used.
      componentExpression(text.replace(/^!/, ''));
      dockerignore().add(quoted(text)).ignores('probe');
    } catch (cause) {
      throw new UserError('bad-pattern', `${file}:${String(index + 1)}: "${text}" is not a pattern`, {
        hint: text === '!' ? 'write !PATTERN' : patternHint,
        cause,
      });
    }
    rules.add(quoted(text));
  }
  // What it remembers of paths begins as `{}`, in which a file named `constructor` is found before it was ever looked at.
  (rules as unknown as { _cache: object })._cache = Object.create(null) as object;
  return { ignores: (path) => rules.ignores(nameToText(path)), hasExceptions, lines };
}

/**
 * Characters of regular expressions, outside of classes, become themselves; so do needlessly escaped letters, and a `#` that
 * begins no line.
 */
function quoted(pattern: string): string {
  return pattern
    .replace(/^#/, '[#]')
    .replaceAll(/\\([^])|(\[(?:\\[^]|[^\]\\])*\])|([+(){}|^])/gu, (whole, escaped, group, special) => {
      if (typeof escaped === 'string') return /[a-z0-9]/i.test(escaped) ? escaped : whole;
      return typeof special === 'string' ? `\\${special}` : String(group);
    });
}
