/** What is said when space ends in the midst of something: where, and what can be done about it. */
import { statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { UserError } from '../base/user-error.ts';
import { isErrno } from './durable.ts';

/**
 * Runs `act`, which writes to the data root at `root` and to the directory for temporary files. UserError `no-space` in the
 * place of ENOSPC and EDQUOT. Closest to what fails: a clean-up makes room on the disk that was full.
 */
export async function tellingNoSpace<T>(root: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (thrown) {
    if (!isErrno(thrown, 'ENOSPC', 'EDQUOT')) throw thrown;
    throw noSpace(root, thrown);
  }
}

function noSpace(root: string, cause: unknown): UserError {
  const temporary = tmpdir();
  const isElsewhere = !isErrno(cause, 'EDQUOT') && freeIn(temporary) < freeIn(root);
  const place = isElsewhere ? temporary : root;
  const what = isErrno(cause, 'EDQUOT') ? 'the disk quota is used up' : 'no space is left';
  return new UserError('no-space', `${what} on the file system of ${place}`, {
    hint: isElsewhere
      ? 'make room there, or name another directory in TMPDIR'
      : 'make room there: strata system df tells what takes it, strata system prune removes what nobody uses',
    cause,
  });
}

/** Bytes; none where no file can be made. */
function freeIn(path: string): number {
  try {
    const { bavail, bsize, files, ffree } = statfsSync(path);
    return files > 0 && ffree === 0 ? 0 : bavail * bsize;
  } catch {
    return Infinity;
  }
}
