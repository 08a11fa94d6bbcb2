/**
 * A volume as a tar archive, by tar(1), and back: numeric owners, sparse files, all extended attributes and lists.
 * What is mounted below the volume stays out. What containers have left in a volume leads nowhere:
 * tar(1) would follow their links, so an archive is unpacked apart, and copied like any other tree.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream, lstatSync, openSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { Fd } from '../base/ids.ts';
import { asName, nameFromText, nameToText, type Name } from '../base/name.ts';
import { UserError } from '../base/user-error.ts';
import { isOfThisHost } from '../oci/layer-xattrs.ts';
import { InRoot } from '../os/in-root.ts';
import { readMounts, restBelow } from '../os/mountinfo.ts';
import { writeOutput } from '../store/output-file.ts';
import { createToolFs, withDirectories } from '../store/tool-fs.ts';
import type { ReceivedArchive } from './copy-archive.ts';
import { copyContent } from './copy-tree.ts';

/**
 * Writes the content of `directory` to the file `to`, or to standard output. With `changes` it may change meanwhile.
 * UserError `tar-failed`, and those of `writeOutput`.
 */
export async function exportDirectory(
  directory: string,
  to: string | undefined,
  { changes }: { readonly changes: boolean } = { changes: false },
): Promise<void> {
  const everything = ['--sparse', '--numeric-owner', '--xattrs', '--xattrs-include=*', '--acls'];
  // Subvolumes of btrfs have devices of their own, as mounts have, but belong to the volume.
  const mounts = mountsBelow(directory).map((path) => `--exclude=./${patternOf(directory, path)}`);
  const args = ['-c', ...everything, '--anchored', ...mounts, '-C', directory, '-f', '-', '.'];
  if (to === undefined) await tar(args, 'inherit', changes);
  else await writeOutput(to, ({ fd }) => tar(args, fd, changes));
}

/** UserError `missing-source`. */
export function openArchive(file: string): Readable {
  try {
    return createReadStream('', { fd: openSync(file, 'r') });
  } catch (cause) {
    const { code = 'EIO' } = cause as NodeJS.ErrnoException;
    throw new UserError('missing-source', `${file} cannot be read (${code})`, {
      hint: 'name a tar archive, or - for standard input',
      cause,
    });
  }
}

/**
 * Adds what was received, with the marks that it may have (`ReceiveOptions`), to `directory`. Directories that the tar only
 * names in paths stay as they are, and may be links that lead to others in `directory`. UserError `not-a-directory`,
 * `is-a-directory`.
 */
export async function importDirectory(directory: string, { tree, implied }: ReceivedArchive): Promise<void> {
  const fs = createToolFs();
  const root = new InRoot(directory);
  const ways = {
    has: (below: string): boolean => implied.has(below),
    findTarget: (below: string): Fd | undefined => root.findDirectory(asName(below)),
  };
  const keeps = (attribute: Name): boolean => !isOfThisHost(attribute);
  try {
    await withDirectories(fs, [tree, directory], ([from, to]) =>
      copyContent(fs, from as Fd, to as Fd, { top: true, keeps, ways }),
    );
  } finally {
    root.close();
  }
}

function mountsBelow(directory: string): string[] {
  const top = nameFromText(realpathSync(directory));
  const paths = readMounts().map(({ mountPoint }) => restBelow(top, mountPoint));
  return paths.flatMap((path) => (path === undefined || path === '' ? [] : [nameToText(asName(path))]));
}

/** What tar(1) leaves out: of a directory on which something is mounted what is in it, any other object itself. */
function patternOf(directory: string, path: string): string {
  const literal = path.replace(/[\\*?[]/g, '\\$&');
  return isDirectory(join(directory, path)) ? `${literal}/*` : literal;
}

function isDirectory(path: string): boolean {
  try {
    return lstatSync(path).isDirectory();
  } catch {
    // It has gone, or its server has, and nothing can be read of it.
    return false;
  }
}

async function tar(args: readonly string[], output: 'inherit' | number, changes = false): Promise<void> {
  const child = spawn('tar', args, {
    stdio: ['ignore', output, 'pipe'],
    env: { ...process.env, LC_ALL: 'C' },
  });
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(0, 4096);
  });
  const [status, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  // Its reader has gone, as `head` does.
  if (signal === 'SIGPIPE' && output === 'inherit') return;
  // 1: files have changed while they were read (tar's manual, "Return Values").
  if (status !== 0 && !(changes && status === 1))
    throw new UserError('tar-failed', /.+/.exec(said)?.[0] ?? `tar ended with ${String(signal ?? status)}`, {
      ...(typeof output === 'number' ? {} : { hint: 'what was written is incomplete' }),
    });
}
