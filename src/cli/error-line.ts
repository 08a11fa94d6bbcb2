/**
 * An error as the one line that the programs print.
 */
import { FsError } from '../base/fs-error.ts';
import { UserError } from '../base/user-error.ts';
import { plainText } from './plain-text.ts';

export function lineOf(thrown: unknown): string {
  if (thrown instanceof UserError) return oneLine(thrown.line);
  // Refusals of the system, ours and those of Node.
  if (thrown instanceof FsError || isSystemError(thrown)) return oneLine(ofSystem(thrown));
  return thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
}

/** Any command that takes a name or a path may meet the one that is told here. */
function ofSystem(thrown: Error & { readonly code?: string }): string {
  return thrown.code === 'ENAMETOOLONG'
    ? `a name is too long for the system (${thrown.message}): names have 255 bytes at most, paths 4095`
    : thrown.message;
}

function oneLine(text: string): string {
  return plainText(text.replaceAll('\n', ' '));
}

function isSystemError(thrown: unknown): thrown is Error {
  return thrown instanceof Error && typeof (thrown as NodeJS.ErrnoException).syscall === 'string';
}
