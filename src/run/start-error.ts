/**
 * Why a runtime did not start a command, as an error with the exit status that Docker gives: 127 for a command that is
 * not there, 126 for one that cannot be run, 125 for everything else.
 */
import { UserError } from '../base/user-error.ts';

/** `message` is what the runtime said. UserError `command-not-found`, `start-failed`. */
export function startError(message: string): UserError {
  if (/executable file.* not found in \$PATH|exec.*no such file or directory/i.test(message))
    return new UserError('command-not-found', `the command cannot be started: ${message}`, { exitCode: 127 });
  const isRefused = /exec.*(permission denied|is a directory|exec format error)/i.test(message);
  return new UserError('start-failed', `the command cannot be started: ${message}`, {
    exitCode: isRefused ? 126 : 125,
  });
}
