/**
 * The flags between an instruction's keyword and its arguments: `--name`, `--name=value`. Quotes and escapes are gone from
 * them, variables are still there (BuildKit: extractBuilderFlags in frontend/dockerfile/parser).
 */
import type { Escape } from './expand-word.ts';
import { findNearest } from './nearest.ts';
import { errorAt, type Place } from './place.ts';
import { cutOnce } from './words.ts';

export class Flags {
  /** What follows the flags. */
  readonly rest: string;
  /** undefined for one without `=`. */
  readonly #values = new Map<string, (string | undefined)[]>();
  readonly #place: Place;

  /** `names`: those that the instruction has. UserError `unknown-flag`. */
  constructor(
    text: string,
    names: readonly string[],
    at: { readonly place: Place; readonly escape: Escape },
  ) {
    this.#place = at.place;
    let rest = text;
    while (rest.startsWith('--')) {
      const { word, length } = readWord(rest, at.escape);
      rest = rest.slice(length).trimStart();
      if (word === '--') break;
      const [name, value] = cutOnce(word.slice(2), '=') ?? [word.slice(2), undefined];
      if (!names.includes(name)) throw this.#unknown(name, names);
      this.#values.set(name, [...(this.#values.get(name) ?? []), value]);
    }
    this.rest = rest;
  }

  /** Every value of a flag that may stand several times. UserError `bad-flag` where one is without. */
  all(name: string): readonly string[] {
    return (this.#values.get(name) ?? []).map((value) => {
      if (value !== undefined) return value;
      throw errorAt(this.#place, {
        code: 'bad-flag',
        message: `--${name} lacks its value`,
        hint: `write --${name}=VALUE`,
      });
    });
  }

  /** undefined also for an empty one. UserError `repeated-flag`, `bad-flag`. */
  find(name: string): string | undefined {
    this.#checkOnce(name);
    const [value] = this.all(name);
    return value === '' ? undefined : value;
  }

  /** Whether it stands there, with whatever value. */
  has(name: string): boolean {
    return this.#values.has(name);
  }

  /** `--name`, `--name=true`, `--name=false`, in any case. UserError `repeated-flag`, `bad-flag`. */
  isSet(name: string): boolean {
    this.#checkOnce(name);
    if (!this.has(name)) return false;
    const value = this.#values.get(name)?.[0] ?? 'true';
    const lower = value.toLowerCase();
    if (lower === 'true' || lower === 'false') return lower === 'true';
    throw errorAt(this.#place, { code: 'bad-flag', message: `--${name}=${value} is neither true nor false` });
  }

  #checkOnce(name: string): void {
    if ((this.#values.get(name) ?? []).length < 2) return;
    throw errorAt(this.#place, { code: 'repeated-flag', message: `--${name} stands there twice` });
  }

  #unknown(name: string, names: readonly string[]): Error {
    const near = findNearest(name, names);
    return errorAt(this.#place, {
      code: 'unknown-flag',
      message: `there is no flag --${name} here`,
      hint:
        near === undefined
          ? names.length === 0
            ? 'this instruction has no flags'
            : `there are ${names.map((known) => `--${known}`).join(', ')}`
          : `write --${near}`,
    });
  }
}

/** Up to the first unquoted blank; the escape character holds in both kinds of quotes. */
function readWord(text: string, escape: Escape): { readonly word: string; readonly length: number } {
  let word = '';
  let quote = '';
  for (let i = 0; i < text.length; i += 1) {
    const char = text.charAt(i);
    if (char === escape) {
      i += 1;
      word += text.charAt(i);
    } else if (quote !== '') {
      if (char === quote) quote = '';
      else word += char;
    } else if (char === '"' || char === "'") quote = char;
    else if (/\s/.test(char)) return { word, length: i };
    else word += char;
  }
  return { word, length: text.length };
}
