/**
 * `--env-file` and `--label-file`: `NAME=VALUE` on each line, or `NAME` alone, which is a variable of the caller's environment or a
 * label without a value; `#` begins a comment.
 */
import { readFileSync } from 'node:fs';
import { UserError } from '../base/user-error.ts';

/** Entries as `-e` and `-l` take them: nothing is unquoted or expanded. UserError `no-such-file`, `bad-env`. */
export function readEnvFile(path: string, option: '--env-file' | '--label-file' = '--env-file'): string[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    const { code = 'EIO' } = cause as NodeJS.ErrnoException;
    throw new UserError('no-such-file', `${option} ${path} cannot be read (${code})`, {
      hint: 'name a file with NAME=VALUE on each line',
      cause,
    });
  }
  const lines = text.replace(/^\uFEFF/, '').split('\n');
  return lines
    .map((line) => line.trimStart().replace(/\r$/, ''))
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const name = /^[^=]*/.exec(line)?.[0] ?? '';
      if (!/\s/.test(name)) return line;
      throw new UserError(
        'bad-env',
        `poorly formatted environment: variable '${name}' contains whitespaces`,
        {
          hint: `write NAME=VALUE, a line each, in ${path}`,
        },
      );
    });
}
