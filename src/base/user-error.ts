/**
 * An error that a person can mend: it says what was wrong and what to do. Programs print
 * `message` and `hint` on one line and exit with `exitCode`.
 */
export interface UserErrorDetail {
  /** What to do about it, one sentence without its full stop. */
  readonly hint?: string;
  /** Exit status of the program; 1 unless told. */
  readonly exitCode?: number;
  readonly cause?: unknown;
}

/** On each error of this class, and of its copies: a bundle has one, and the modules that it loads at need another. */
const brand = Symbol.for('strata.UserError');

export class UserError extends Error {
  static override [Symbol.hasInstance](thrown: unknown): thrown is UserError {
    return typeof thrown === 'object' && thrown !== null && brand in thrown;
  }

  readonly [brand] = true;
  override readonly name = 'UserError';
  /** Stable, for programs and tests: `missing-layer`. */
  readonly code: string;
  readonly exitCode: number;
  readonly hint: string | undefined;

  constructor(code: string, message: string, detail: UserErrorDetail = {}) {
    super(message, { cause: detail.cause });
    this.code = code;
    this.exitCode = detail.exitCode ?? 1;
    this.hint = detail.hint;
  }

  /** The one line that a program prints. */
  get line(): string {
    return this.hint === undefined ? this.message : `${this.message}: ${this.hint}`;
  }
}
