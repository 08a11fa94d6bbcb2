/**
 * What is left to do once a change has been published, and nobody can take it back: to clear away what lies
 * in the work directory, or a whiteout that hides nothing any more. It may fail, the operation has not. What
 * stays behind is seen by nobody, and goes at the next mount.
 */
import { FsError } from '../base/fs-error.ts';
import type { UnionCore } from './core.ts';

export function afterwards(core: UnionCore, act: () => void): void {
  try {
    act();
  } catch (thrown) {
    if (!(thrown instanceof FsError)) throw thrown;
    core.log.debug(`left for the next mount: ${thrown.message}`);
  }
}
