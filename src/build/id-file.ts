/** `--iidfile`: the id of an image for scripts, without the end of a line, as Docker writes it. */
import { lstatSync, rmSync, writeFileSync } from 'node:fs';
import { UserError } from '../base/user-error.ts';

/** Takes away what an earlier build has written, so that nobody reads it after one that fails. UserError `bad-iidfile`. */
export function removeIdFile(path: string): void {
  try {
    // Anything else, a device, is somebody else's.
    if (lstatSync(path, { throwIfNoEntry: false })?.isFile() === true) rmSync(path);
  } catch (cause) {
    const { code = 'EIO' } = cause as NodeJS.ErrnoException;
    throw new UserError('bad-iidfile', `${path} of an earlier build cannot be removed (${code})`, { cause });
  }
}

/** UserError `bad-iidfile`. */
export function writeIdFile(path: string, id: string): void {
  try {
    writeFileSync(path, id);
  } catch (cause) {
    const { code = 'EIO' } = cause as NodeJS.ErrnoException;
    throw new UserError('bad-iidfile', `the image ${id} is made, and ${path} cannot be written (${code})`, {
      hint: 'name a file in a directory that is there',
      cause,
    });
  }
}
