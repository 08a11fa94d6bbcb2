/**
 * The flags between an instruction's keyword and its arguments: `--name`, `--name=value`. Values keep their
 * quotes and variables.
 */
import type { Escape } from './expand-word.ts';
import { findNearest } from './nearest.ts';
import { errorAt, type Place } from './place.ts';
import { cutOnce, wordLength } from './words.ts';

export class Flags {
  /** What follows the flags. */
  readonly rest: string;
  readonly #values = new Map<string, string[]>();
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
      const length = wordLength(rest, at.escape);
      const word = rest.slice(2, length);
      rest = rest.slice(length).trimStart();
      if (word === '') break;
      const [name, value] = cutOnce(word, '=') ?? [word, ''];
      if (!names.includes(name)) throw this.#unknown(name, names);
      this.#values.set(name, [...(this.#values.get(name) ?? []), value]);
    }
    this.rest = rest;
  }

  /** Every value of a flag that may stand several times. */
  all(name: string): readonly string[] {
    return this.#values.get(name) ?? [];
  }

  /** UserError `repeated-flag`, `bad-flag` where it has no value. */
  find(name: string): string | undefined {
    const values = this.all(name);
    if (values.length > 1) {
      throw errorAt(this.#place, { code: 'repeated-flag', message: `--${name} stands there twice` });
    }
    if (values[0] !== '') return values[0];
    throw errorAt(this.#place, {
      code: 'bad-flag',
      message: `--${name} lacks its value`,
      hint: `write --${name}=VALUE`,
    });
  }

  /** `--name`, `--name=true`, `--name=false`. */
  isSet(name: string): boolean {
    const value = this.all(name).at(-1);
    if (value === undefined || value === 'false') return false;
    if (value === '' || value === 'true') return true;
    throw errorAt(this.#place, { code: 'bad-flag', message: `--${name}=${value} is neither true nor false` });
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
