/**
 * Commands on several names, as Docker's are: each is tried, whatever becomes of the others. What goes wrong is told, and makes
 * the exit status 1.
 */
import { UserError } from '../base/user-error.ts';
import { printError } from './print.ts';

/** Acts on each of `names`, in order, and waits for it. A UserError with the code `forgiven` is told, too, but nothing has failed then. */
export async function eachOperand(
  names: readonly string[],
  act: (name: string) => unknown,
  forgiven?: string,
): Promise<void> {
  for (const name of names) {
    try {
      await act(name);
    } catch (thrown) {
      printError(thrown);
      if (!(thrown instanceof UserError && thrown.code === forgiven)) process.exitCode = 1;
    }
  }
}
