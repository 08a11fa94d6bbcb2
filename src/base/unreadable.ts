/** What is said where the system lets this process read no object of a tree: which it is, since its error has the end of the path alone. */
import { isFsError } from './fs-error.ts';
import { UserError } from './user-error.ts';

/** UserError `unreadable` in the place of EACCES; any other `cause` as it is. `path`: as a person knows it. */
export function asUnreadable(cause: unknown, path: string): unknown {
  if (!isFsError(cause, 'EACCES')) return cause;
  return new UserError('unreadable', `no permission to read ${path}`, {
    hint: 'take a user who may read all of it, root above all',
    cause,
  });
}
