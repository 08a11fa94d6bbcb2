/**
 * Standard output for a command that has something to take away when its reader goes: others just end then
 * (`strata.ts`), which this one does with its work undone.
 */
import { UserError } from '../base/user-error.ts';
import { isErrno } from '../store/durable.ts';

type Sink = (chunk: Uint8Array) => Promise<void>;

/** Runs `act` with a sink that waits for the reader; ends quietly where that has gone, as `head` does. UserError `bad-output`. */
export async function toStandardOutput(act: (sink: Sink) => Promise<void>): Promise<void> {
  const { stdout } = process;
  // `write` tells of the error; this one keeps it from ending the process.
  const heed = (): void => undefined;
  stdout.on('error', heed);
  const sink: Sink = (chunk) =>
    new Promise((resolve, reject) => {
      stdout.write(chunk, (error) => {
        if (error) reject(isErrno(error, 'EPIPE') ? error : unwritten(error));
        else resolve();
      });
    });
  try {
    await act(sink);
  } catch (thrown) {
    if (!isErrno(thrown, 'EPIPE')) throw thrown;
  } finally {
    // The event of a write that failed comes after its answer.
    await new Promise((resolve) => setImmediate(resolve));
    stdout.off('error', heed);
  }
}

/** Says that standard output takes no more; UserError `bad-output`. */
export function unwritten(cause: NodeJS.ErrnoException): UserError {
  return new UserError('bad-output', `standard output cannot be written (${cause.code ?? 'EIO'})`, {
    hint: 'what was written is incomplete',
    cause,
  });
}
