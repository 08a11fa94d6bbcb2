/** `--iidfile`: the id of an image for scripts, without the end of a line, as Docker writes it. */
import { writeFileSync } from 'node:fs';
import { UserError } from '../base/user-error.ts';

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
