/**
 * Programs of the system that the store uses: run to their end, with what they said where they failed.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { UserError } from '../base/user-error.ts';

/** What it printed. UserError `child-failed` with its last words, `child-missing` where there is no such program. */
export async function runChild(
  command: string,
  args: readonly string[],
  options: { readonly cwd?: string } = {},
): Promise<string> {
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, LC_ALL: 'C' },
    ...options,
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  let status: number | null;
  try {
    [status] = (await once(child, 'close')) as [number | null];
  } catch (cause) {
    throw new UserError('child-missing', `${command} cannot be run`, { hint: 'install it', cause });
  }
  if (status === 0) return stdout;
  const said = stderr.trim().replaceAll('\n', '; ');
  throw new UserError('child-failed', said === '' ? `${command} failed` : said);
}
