/**
 * What a .dockerignore file, or `--exclude`, leaves out (Docker's manual, "Build context", ".dockerignore files"). A rule
 * holds for what its pattern names and for all below; of several the last one that holds decides.
 */
import { posix } from 'node:path';
import { nameToText, type Name } from '../../base/name.ts';
import { UserError } from '../../base/user-error.ts';
import { pathExpression, patternHint } from './path-pattern.ts';

export interface IgnoreRules {
  /** Whether `path`, from the root of the context, is left out. */
  ignores(path: Name): boolean;
  /** Whether something below a directory that is left out can be let in again (`!pattern`). */
  readonly hasExceptions: boolean;
  /** What they were made of. */
  readonly lines: readonly string[];
}

export const noRules: IgnoreRules = { ignores: () => false, hasExceptions: false, lines: [] };

interface Rule {
  readonly expression: RegExp;
  readonly isException: boolean;
}

/** Rules of the lines of a file named `file` in messages. UserError `bad-pattern`. */
export function ignoreRules(lines: readonly string[], file: string): IgnoreRules {
  const rules: Rule[] = [];
  for (const [index, line] of lines.entries()) {
    const text = line.trim();
    if (text === '' || line.startsWith('#')) continue;
    try {
      rules.push(ruleOf(text));
    } catch (cause) {
      throw new UserError('bad-pattern', `${file}:${String(index + 1)}: "${text}" is not a pattern`, {
        hint: text === '!' ? 'write !PATTERN' : patternHint,
        cause,
      });
    }
  }
  const coverage = new Coverage(rules);
  return {
    ignores: (path) => coverage.of(nameToText(path)).isLeftOut,
    hasExceptions: rules.some(({ isException }) => isException),
    lines,
  };
}

/** UserError `bad-pattern`. */
function ruleOf(text: string): Rule {
  const isException = text.startsWith('!');
  const written = isException ? text.slice(1).trim() : text;
  if (written === '') throw new UserError('bad-pattern', 'it lets nothing in');
  const pattern = posix.normalize(written).replace(/^\/|(?<=.)\/$/g, '');
  return { expression: pathExpression(pattern), isException };
}

/** More directories than a walk is in at once. */
const mostRemembered = 1000;

interface Covered {
  /** By rule: whether it holds. */
  readonly held: readonly boolean[];
  readonly isLeftOut: boolean;
}

/**
 * Which rules hold for a path. What holds for its directory is remembered: a walk asks for one path after another. An exception
 * to nothing holds for nothing, and so not for what is below it (BuildKit: patternmatcher, MatchesUsingParentResults).
 */
class Coverage {
  readonly #rules: readonly Rule[];
  readonly #directories = new Map<string, Covered>();

  constructor(rules: readonly Rule[]) {
    this.#rules = rules;
  }

  of(path: string): Covered {
    const above = this.#ofDirectory(path.slice(0, Math.max(path.lastIndexOf('/'), 0)));
    let isLeftOut = false;
    const held = this.#rules.map(({ expression, isException }, index) => {
      const holds = above.held[index] === true || (isException === isLeftOut && expression.test(path));
      if (holds) isLeftOut = !isException;
      return holds;
    });
    return { held, isLeftOut };
  }

  #ofDirectory(path: string): Covered {
    if (path === '') return { held: [], isLeftOut: false };
    const known = this.#directories.get(path);
    if (known !== undefined) return known;
    const found = this.of(path);
    if (this.#directories.size >= mostRemembered) this.#directories.clear();
    this.#directories.set(path, found);
    return found;
  }
}
