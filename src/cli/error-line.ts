/**
 * An error as the one line that the programs print.
 */
import { FsError } from '../base/fs-error.ts';
import { UserError } from '../base/user-error.ts';

export function lineOf(thrown: unknown): string {
  if (thrown instanceof UserError) return thrown.line.replaceAll('\n', ' ');
  // Refusals of the system, ours and those of Node.
  if (thrown instanceof FsError || isSystemError(thrown)) return thrown.message.replaceAll('\n', ' ');
  return thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
}

function isSystemError(thrown: unknown): thrown is Error {
  return thrown instanceof Error && typeof (thrown as NodeJS.ErrnoException).syscall === 'string';
}
