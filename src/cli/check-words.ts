/** Node decodes the command line: bytes that are no UTF-8 become another character, and name something else. */
import { isUtf8 } from 'node:buffer';
import { UserError } from '../base/user-error.ts';
import { ownArguments } from '../os/own-process.ts';

/** UserError `not-utf8` where a word of the command line is other than it was written. */
export function checkWords(words: readonly string[]): void {
  const replaced = words.find((word) => word.includes('\ufffd'));
  if (replaced === undefined || isUtf8(Buffer.from(ownArguments().join(' '), 'latin1'))) return;
  throw notUtf8(replaced);
}

/** The same for a path that may come from the environment, or from the working directory. */
export function checkPath(path: string): void {
  if (path.includes('\ufffd')) throw notUtf8(path);
}

function notUtf8(word: string): UserError {
  return new UserError('not-utf8', `${word} is not UTF-8`, {
    hint: 'name it by a path in UTF-8, by a symbolic link or a bind mount, say',
  });
}
