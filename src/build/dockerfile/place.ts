/**
 * Where in a Dockerfile something stands, and errors that say so: file, line and instruction first, then
 * what is wrong, then what to write instead.
 */
import { UserError } from '../../base/user-error.ts';

export interface Place {
  /** As the user named it: `Dockerfile`, `-`. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** The instruction on one line, shortened; empty for what concerns the file. */
  readonly text: string;
}

export interface Fault {
  /** Stable: `unknown-instruction`. */
  readonly code: string;
  readonly message: string;
  /** What to write instead. */
  readonly hint?: string | undefined;
  readonly exitCode?: number;
  readonly cause?: unknown;
}

/** `Dockerfile:3: COPY a: message`. */
export function errorAt(place: Place, { code, message, hint, exitCode, cause }: Fault): UserError {
  return new UserError(code, `${placeText(place)}: ${message}`, {
    ...(hint === undefined ? {} : { hint }),
    ...(exitCode === undefined ? {} : { exitCode }),
    ...(cause === undefined ? {} : { cause }),
  });
}

/** Runs `act`; a UserError that it throws gets the place in front. */
export function at<T>(place: Place, act: () => T): T {
  try {
    return act();
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw placedError(place, error);
  }
}

/** The same error with the place in front, unless it has one. */
export function placedError(place: Place, error: UserError): UserError {
  const { code, message, hint, exitCode } = error;
  if (message.startsWith(`${place.file}:`)) return error;
  return errorAt(place, { code, message, hint, exitCode, cause: error });
}

export function placeText({ file, line, text }: Place): string {
  return `${file}:${String(line)}${text === '' ? '' : `: ${text}`}`;
}

const longest = 80;

/** One line of at most 80 characters, for messages and progress. */
export function shorten(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  return line.length <= longest ? line : `${line.slice(0, longest - 3)}...`;
}
