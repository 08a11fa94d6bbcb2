/**
 * The program `strata`: reads its command line (`program.ts`), runs one command of `commands/`, and turns
 * what goes wrong into one line and an exit status. It knows no command's work.
 */
import { UserError } from '../base/user-error.ts';
import { endProcess, forgetServiceManager, putUmaskAside } from '../os/own-process.ts';
import { isErrno } from '../store/durable.ts';
import { checkWords } from './check-words.ts';
import { markOperands } from './mark-operands.ts';
import { printError } from './print.ts';
import { createProgram } from './program.ts';
import { outputWritten, unwritten } from './standard-output.ts';

/** Runs one command; the exit status goes to `process.exitCode`. */
async function main(): Promise<void> {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    // One that has something to take away listens itself, and ends by itself.
    if (process.stdout.listenerCount('error') > 1) return;
    // For a reader who has gone, as `head` does, it was enough.
    if (isErrno(error, 'EPIPE')) process.exit();
    printError(unwritten(error));
    process.exit(1);
  });
  putUmaskAside();
  forgetServiceManager();
  const program = createProgram();
  try {
    checkWords(process.argv);
    await program.parseAsync(markOperands(program, process.argv));
  } catch (thrown) {
    printError(thrown);
    process.exitCode = thrown instanceof UserError ? thrown.exitCode : 1;
  }
  await outputWritten();
  endProcess(Number(process.exitCode ?? 0));
}

void main();
