/**
 * A volume as a tar archive and back, by tar(1): numeric owners, sparse files, all extended attributes and lists.
 * What lies on other file systems below the volume stays out.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { UserError } from '../base/user-error.ts';
import { writeOutput } from '../store/output-file.ts';

const everything = ['--numeric-owner', '--xattrs', '--xattrs-include=*', '--acls'];

/**
 * Writes the content of `directory` to the file `to`, or to standard output. With `changes` it may change meanwhile.
 * UserError `tar-failed`, and those of `writeOutput`.
 */
export async function exportDirectory(
  directory: string,
  to: string | undefined,
  { changes }: { readonly changes: boolean } = { changes: false },
): Promise<void> {
  const args = ['-c', '--sparse', '--one-file-system', ...everything, '-C', directory, '-f', '-', '.'];
  if (to === undefined) await tar(args, ['ignore', 'inherit'], changes);
  else await writeOutput(to, ({ fd }) => tar(args, ['ignore', fd], changes));
}

/**
 * Adds what the archive `from`, compressed or not, or the plain one on standard input holds to `directory`. UserError
 * `tar-failed`.
 */
export async function importDirectory(directory: string, from: string | undefined): Promise<void> {
  // Names with `..` and absolute ones are tar's to refuse, and it delays links until all else is there.
  const args = ['-x', '--same-owner', '-p', ...everything, '-C', directory];
  await tar([...args, '--force-local', '-f', from ?? '-'], ['inherit', 'ignore']);
}

async function tar(
  args: readonly string[],
  [input, output]: readonly ['ignore' | 'inherit', 'ignore' | 'inherit' | number],
  changes = false,
): Promise<void> {
  const child = spawn('tar', args, { stdio: [input, output, 'pipe'], env: { ...process.env, LC_ALL: 'C' } });
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(0, 4096);
  });
  const [status] = (await once(child, 'close')) as [number | null];
  // 1: files have changed while they were read (tar's manual, "Return Values").
  if (status !== 0 && !(changes && status === 1))
    throw new UserError('tar-failed', said.trim().split('\n')[0] ?? 'tar failed', {
      ...(typeof output === 'number' ? {} : { hint: 'what was written is incomplete' }),
    });
}
