/**
 * `--filter NAME=VALUE`, as Docker's commands have it: values of one name are alternatives, names go together, and
 * each `label` has to hold. Capitals of a name mean nothing, nor does white space around name and value.
 */
import { UserError } from '../base/user-error.ts';
import { componentExpression } from '../build/context/path-pattern.ts';
import { findMoment } from './moment.ts';

export class Filters {
  readonly #values = new Map<string, string[]>();

  /** UserError `bad-filter` for one that is none of `known`. */
  constructor(texts: readonly string[] | undefined, known: readonly string[]) {
    for (const text of texts ?? []) {
      // `label!=x` is a filter of its own.
      const [, given = '', value] = /^([^=!]*!?)=([^]*)$/.exec(text) ?? [];
      const name = given.trim().toLowerCase();
      if (value === undefined)
        throw new UserError(
          'bad-filter',
          `invalid argument "${text}" for "-f, --filter": bad format of filter`,
          {
            hint: 'write --filter NAME=VALUE',
          },
        );
      if (!known.includes(name))
        throw new UserError('bad-filter', `invalid filter '${name}'`, {
          hint: `there are ${known.join(', ')}`,
        });
      this.#values.set(name, [...(this.#values.get(name) ?? []), value.trim()]);
    }
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  values(name: string): readonly string[] {
    return this.#values.get(name) ?? [];
  }

  /** True where nothing was asked of `name`, or one of the values will do. */
  some(name: string, accepts: (value: string) => boolean): boolean {
    const values = this.#values.get(name);
    return values === undefined || values.some(accepts);
  }

  /** UserError `bad-filter` for what is neither true nor false. */
  boolean(name: string, actual: boolean): boolean {
    return this.some(name, (value) => {
      if (/^(1|t|true)$/i.test(value)) return actual;
      if (/^(0|f|false)$/i.test(value)) return !actual;
      throw new UserError('bad-filter', `invalid filter '${name}=${value}'`, {
        hint: `write ${name}=true or ${name}=false`,
      });
    });
  }

  /** `label=NAME`, `label=NAME=VALUE`: all of them; `label!=...`: none of them. */
  labels(labels: Readonly<Record<string, string>> | null | undefined): boolean {
    const holds = (text: string): boolean => {
      const at = text.indexOf('=');
      const name = at < 0 ? text : text.slice(0, at);
      if (labels === undefined || labels === null || !Object.hasOwn(labels, name)) return false;
      return at < 0 || labels[name] === text.slice(at + 1);
    };
    return this.values('label').every(holds) && !this.values('label!').some(holds);
  }

  /** `until=24h`, or a time: whether something is older. UserError `bad-filter`. */
  until(created: string | undefined, now = Date.now()): boolean {
    return this.values('until').every((text) => Date.parse(created ?? '') < momentOf(text, now));
  }
}

function momentOf(text: string, now: number): number {
  const moment = findMoment(text, now);
  if (moment !== undefined) return moment;
  throw new UserError('bad-filter', `invalid filter 'until=${text}'`, {
    hint: 'write a duration (until=24h), or a time (until=2026-01-31T12:00:00Z)',
  });
}

/**
 * Whether an image is what a pattern with `*`, `?` and `[...]` asks for; without a tag it asks for any. `*` stops at a
 * slash. UserError `bad-pattern`.
 */
export function matchesReference(pattern: string, name: string, tag: string): boolean {
  const expression = componentExpression(pattern);
  return [name, `${name}:${tag}`].some((text) => expression.test(text));
}

/** Whether `name` is what `--filter name=` asks for: an expression, or a part of it. */
export function matchesName(text: string, name: string): boolean {
  if (name.includes(text)) return true;
  try {
    return new RegExp(text).test(name);
  } catch {
    return false;
  }
}
