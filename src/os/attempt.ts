/** Node's system errors, and those of fs-ext, as ours. */
import { FsError } from '../base/fs-error.ts';
import { nameToText, type Name } from '../base/name.ts';

/** Runs `call`, whose system errors carry a negative errno (Node) or a positive one (fs-ext). Throws FsError. */
export function attempt<T>(syscall: string, path: Name, call: () => T): T {
  try {
    return call();
  } catch (thrown) {
    const number = (thrown as NodeJS.ErrnoException).errno;
    if (typeof number !== 'number') throw thrown;
    throw new FsError(Math.abs(number), { syscall, path: nameToText(path) });
  }
}
