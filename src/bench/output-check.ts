/**
 * What is said of a file that a run is to write, before the run, which takes long. Nothing is written here.
 */
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  openSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { nameFromText } from '../base/name.ts';
import { UserError } from '../base/user-error.ts';
import { findMountAt } from '../os/mountinfo.ts';

/** Whether the file can be written or made. Throws UserError `bad-output`. */
export function checkOutput(path: string): void {
  try {
    const before = statSync(path, { throwIfNoEntry: false });
    if (before === undefined || before.isDirectory()) {
      closeSync(openSync(path, 'a'));
      // Of a link that led nowhere, what it led to.
      rmSync(realpathSync(path));
      return;
    }
    // To open a pipe is to wait for its reader.
    accessSync(path, constants.W_OK);
    if (before.isFile() && !isMountPoint(path)) accessSync(dirname(realpathSync(path)), constants.W_OK);
  } catch (cause) {
    const { code = 'EIO' } = cause as NodeJS.ErrnoException;
    throw new UserError('bad-output', `${path} cannot be written (${code})`, {
      hint: 'name a file in a directory that is there and may be written',
      cause,
    });
  }
}

/** What is in such a file; empty where there is nothing yet. */
export function readOutput(path: string): string {
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
}

/** Such a file is written to as it is, no other one takes its place. */
function isMountPoint(path: string): boolean {
  return findMountAt(nameFromText(realpathSync(path))) !== undefined;
}
