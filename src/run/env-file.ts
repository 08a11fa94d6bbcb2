/** `--env-file`: a variable on each line, `NAME=VALUE`, or `NAME` for that of the caller's environment; `#` begins a comment. */
import { readFileSync } from 'node:fs';
import { UserError } from '../base/user-error.ts';

/** Entries as `-e` takes them: nothing is unquoted or expanded. UserError `no-such-file`, `bad-env`. */
export function readEnvFile(path: string): string[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    const { code = 'EIO' } = cause as NodeJS.ErrnoException;
    throw new UserError('no-such-file', `--env-file ${path} cannot be read (${code})`, { cause });
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
