/**
 * What is left to do once a change has been published, and nobody can take it back: to clear away what lies
 * in the work directory, a whiteout that hides nothing any more, an index entry of nothing; to give a directory
 * its times back. It may fail, the operation has not.
 */
import { FsError } from '../base/fs-error.ts';
import type { UnionCore } from './core.ts';

export function afterwards(core: UnionCore, act: () => void): void {
  try {
    act();
  } catch (thrown) {
    if (!(thrown instanceof FsError)) throw thrown;
    core.log.debug(`left undone: ${thrown.message}`);
  }
}
