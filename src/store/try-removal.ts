/**
 * Removals of what nobody needs any more, which no command is to fail for: a program may use it, a file may be immutable,
 * a disk full. What does not go stays for the next command, and `system check` tells of it.
 */
import { UserError } from '../base/user-error.ts';

/**
 * False where something stood in the way; how far the removal came is not known then. Throws what is damage (UserError
 * `broken-file`), or a fault of ours.
 */
export async function tryRemoval(removal: () => Promise<unknown>): Promise<boolean> {
  try {
    await removal();
    return true;
  } catch (thrown) {
    if (isObstacle(thrown)) return false;
    throw thrown;
  }
}

function isObstacle(thrown: unknown): boolean {
  if (thrown instanceof UserError) return thrown.code !== 'broken-file';
  // An error of the system, Node's or ours.
  return thrown instanceof Error && typeof (thrown as NodeJS.ErrnoException).errno === 'number';
}
