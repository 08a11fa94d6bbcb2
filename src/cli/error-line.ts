/**
 * An error as the one line that the programs print.
 */
import { FsError } from '../base/fs-error.ts';
import { UserError } from '../base/user-error.ts';
import { plainText } from './plain-text.ts';

export function lineOf(thrown: unknown): string {
  if (thrown instanceof UserError) return oneLine(thrown.line);
  // Refusals of the system, ours and those of Node.
  if (thrown instanceof FsError || isSystemError(thrown)) return oneLine(thrown.message);
  return thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
}

function oneLine(text: string): string {
  return plainText(text.replaceAll('\n', ' '));
}

function isSystemError(thrown: unknown): thrown is Error {
  return thrown instanceof Error && typeof (thrown as NodeJS.ErrnoException).syscall === 'string';
}
