/**
 * A volume as a tar archive and back, by tar(1): numeric owners, sparse files, all extended attributes and lists.
 * What lies on other file systems below the volume stays out.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { UserError } from '../base/user-error.ts';

const everything = ['--numeric-owner', '--xattrs', '--xattrs-include=*', '--acls'];

/** Writes the content of `directory` to the descriptor `to`. UserError `tar-failed`. */
export async function exportDirectory(directory: string, to: number): Promise<void> {
  await tar(
    ['-c', '--sparse', '--one-file-system', ...everything, '-C', directory, '-f', '-', '.'],
    ['ignore', to],
  );
}

/** Adds what the uncompressed archive on the descriptor `from` holds to `directory`. UserError `tar-failed`. */
export async function importDirectory(directory: string, from: number): Promise<void> {
  // Names with `..` and absolute ones are tar's to refuse, and it delays links until all else is there.
  await tar(['-x', '--same-owner', '-p', ...everything, '-C', directory, '-f', '-'], [from, 'ignore']);
}

async function tar(
  args: readonly string[],
  [input, output]: readonly ['ignore' | number, 'ignore' | number],
) {
  const child = spawn('tar', args, { stdio: [input, output, 'pipe'], env: { ...process.env, LC_ALL: 'C' } });
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(0, 4096);
  });
  const [status] = (await once(child, 'close')) as [number | null];
  if (status !== 0)
    throw new UserError('tar-failed', `tar: ${said.trim().split('\n')[0] ?? ''}`, {
      hint: "an archive is plain tar: unpack a compressed one first, as with 'zstd -dc FILE |'",
    });
}
