/**
 * The value of one mount option, read as what the option takes, with the errors that name it. Knows no option.
 */
import { asName, type Name } from '../base/name.ts';
import { UserError } from '../base/user-error.ts';
import { unescape } from '../os/option-list.ts';
import type { IdRange } from '../union/id-map.ts';
import { findId, parseIdMapping } from './id-mapping.ts';

/** Every reading throws UserError `bad-option` where the value is not one. */
export class OptionValue {
  readonly #name: string;
  readonly #value: string | undefined;

  constructor(name: string, value: string | undefined) {
    this.#name = name;
    this.#value = value;
  }

  get text(): string {
    if (this.#value === undefined || this.#value === '') throw this.bad('it needs a value');
    return this.#value;
  }

  get path(): Name {
    return unescape(this.text);
  }

  get onOff(): boolean {
    return this.oneOf('on', 'off') === 'on';
  }

  /** `name` alone, or with a value that says so. */
  get wish(): boolean {
    return this.#value === undefined || this.yesNo;
  }

  get yesNo(): boolean {
    return ['on', '1'].includes(this.oneOf('on', 'off', '1', '0'));
  }

  /** Bytes, at least one page; nobody has more than fits into nine digits. */
  get size(): number {
    if (!/^\d{1,9}$/.test(this.text) || Number(this.text) < 4096) {
      throw this.bad('it takes a number of bytes, from 4096 to 999999999');
    }
    return Number(this.text);
  }

  get seconds(): number {
    const number = Number(this.text);
    if (!/^[\d.]+$/.test(this.text) || !Number.isFinite(number))
      throw this.bad('it takes a number of seconds');
    return number;
  }

  get id(): number {
    const id = findId(this.text);
    if (id === undefined) throw this.bad('it takes the number of a user or group');
    return id;
  }

  /** May be empty. */
  get idRanges(): readonly IdRange[] {
    const ranges = parseIdMapping(this.#value ?? '');
    if (typeof ranges === 'string') throw this.bad(ranges);
    return ranges;
  }

  oneOf<Choice extends string>(...choices: readonly Choice[]): Choice {
    const found = choices.find((choice) => choice === this.text);
    if (found === undefined) throw this.bad(`it takes ${choices.join(', ')}`);
    return found;
  }

  /** The option as it was given. */
  get whole(): Name {
    return asName(`${this.#name}=${this.text}`);
  }

  get hasValue(): boolean {
    return this.#value !== undefined;
  }

  /** An option that is there or not; a value would be a wish for something else. */
  alone(): void {
    if (this.#value !== undefined) throw this.bad('it takes no value');
  }

  bad(hint: string): UserError {
    const shown = this.#value === undefined ? this.#name : `${this.#name}=${this.#value}`;
    return new UserError('bad-option', `bad mount option '${shown}'`, { hint });
  }

  impossible(hint: string): UserError {
    return new UserError('unsupported-option', `mount option '${this.#name}' is not possible here`, { hint });
  }

  unsupported(hint: string): UserError {
    return new UserError('unsupported-option', `mount option '${this.#name}' is not supported yet`, { hint });
  }
}
