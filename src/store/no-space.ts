/** What is said when space ends in the midst of something: where, and what can be done about it. */
import { UserError } from '../base/user-error.ts';
import { isErrno } from './durable.ts';

const hintOfRoot =
  'make room there: strata system df tells what takes it, strata system prune removes what nobody uses';

/**
 * Runs `act`, which writes to `path`: the data root, unless there is another hint. UserError `no-space` in the place of
 * ENOSPC and EDQUOT. Closest to what fails: a clean-up makes room on the disk that was full.
 */
export async function tellingNoSpace<T>(path: string, act: () => Promise<T>, hint = hintOfRoot): Promise<T> {
  try {
    return await act();
  } catch (thrown) {
    if (!isErrno(thrown, 'ENOSPC', 'EDQUOT')) throw thrown;
    const what = isErrno(thrown, 'EDQUOT') ? 'the disk quota is used up' : 'no space is left';
    throw new UserError('no-space', `${what} on the file system of ${path}`, {
      hint,
      cause: thrown,
    });
  }
}
