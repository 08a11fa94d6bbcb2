/**
 * A Dockerfile that comes through a pipe. Other builders take a context as an archive there, so somebody will send one.
 */
import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { UserError } from '../base/user-error.ts';

/** gzip, bzip2, xz, zstd. */
const beginnings: readonly string[] = ['\x1f\x8b', 'BZh', '\xfd7zXZ\0', '\x28\xb5\x2f\xfd'];
/** Of `ustar` in a header of tar. */
const magicOffset = 257;

/** Whole. UserError `no-context` for an archive, `no-dockerfile` for what is no text. */
export async function readDockerfile(stream: Readable): Promise<string> {
  const content = await buffer(stream);
  const bytes = content.toString('latin1', 0, 512);
  if (beginnings.some((beginning) => bytes.startsWith(beginning)) || bytes.startsWith('ustar', magicOffset)) {
    throw new UserError('no-context', 'standard input has an archive, and contexts are directories', {
      hint: 'unpack it: mkdir DIRECTORY && tar -x -C DIRECTORY, then strata build DIRECTORY',
    });
  }
  if (content.includes(0)) {
    throw new UserError('no-dockerfile', 'standard input has no text', {
      hint: 'send a Dockerfile there: strata build - < Dockerfile',
    });
  }
  return content.toString('utf8');
}
