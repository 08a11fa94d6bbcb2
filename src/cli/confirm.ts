/** Asking before something is removed. */
import { createInterface } from 'node:readline/promises';
import { UserError } from '../base/user-error.ts';

/** `what`: everything that is about to go. UserError `needs-force` where nobody can be asked, `not-confirmed`. */
export async function confirm(...what: readonly string[]): Promise<void> {
  if (!process.stdin.isTTY) {
    throw new UserError(
      'needs-force',
      `there is no terminal on which to ask; this removes ${what.join(', and ')}`,
      { hint: 'say --force' },
    );
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const list = what.map((one) => `  - ${one}\n`).join('');
    const question = terminal.question(`This removes:\n${list}Go on? [y/N] `);
    // Ctrl-C and Ctrl-D end the asking, and are no word of consent.
    const answer = await question.catch(() => '');
    if (/^y(es)?$/i.test(answer.trim())) return;
  } finally {
    terminal.close();
  }
  throw new UserError('not-confirmed', 'nothing was removed');
}
