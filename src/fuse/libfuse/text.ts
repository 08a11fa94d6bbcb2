/**
 * Names as fuse-native hands them over: text, decoded from UTF-8 with U+FFFD for every byte that is none. Such a
 * name could be any of many, so it is refused, and never shown.
 */
import { isUtf8 } from 'node:buffer';
import { fsError } from '../../base/fs-error.ts';
import { nameFromText, type Name } from '../../base/name.ts';

const replacement = '\uFFFD';
/** U+FFFD in UTF-8, as latin1. */
const replacementName = nameFromText(replacement);

/** The components of a path that begins with a slash. EILSEQ. */
export function namesOf(path: string): Name[] {
  return path
    .split('/')
    .filter((name) => name !== '')
    .map(bytesOf);
}

/** What a client said, as bytes. EILSEQ where they cannot be known. */
export function bytesOf(text: string): Name {
  if (text.includes(replacement)) throw fsError('EILSEQ');
  return nameFromText(text);
}

/** Whether a client that reads `name` would get to the same file by it. */
export function isCarried(name: Name): boolean {
  return !name.includes(replacementName) && isUtf8(Buffer.from(name, 'latin1'));
}

/** For fuse-native. EILSEQ for what is not UTF-8. */
export function textOf(name: Name): string {
  const bytes = Buffer.from(name, 'latin1');
  if (!isUtf8(bytes)) throw fsError('EILSEQ');
  return bytes.toString('utf8');
}
