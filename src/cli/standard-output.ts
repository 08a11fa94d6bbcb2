/**
 * Standard output as a pipe: for a command that has something to take away when its reader goes, where others just end
 * (`strata.ts`), and for the end of each command, which waits for a slow reader.
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

/** Prints `text`; resolves when there is room for more. */
export async function writePaced(stream: NodeJS.WriteStream, text: string): Promise<void> {
  if (stream.write(text)) return;
  await new Promise<void>((resolve) => {
    stream.once('drain', resolve);
  });
}

/**
 * Resolves when nothing that was printed waits to be written, a pipe takes only what its reader has made room for, and who
 * listens for its errors has heard of them.
 */
export async function outputWritten(): Promise<void> {
  await Promise.all([process.stdout, process.stderr].map(written));
  await new Promise((resolve) => setImmediate(resolve));
}

async function written(stream: NodeJS.WriteStream): Promise<void> {
  if (stream.writableLength === 0 || stream.destroyed) return;
  await new Promise<void>((resolve) => {
    stream.write('', () => {
      resolve();
    });
  });
}

/** Says that standard output takes no more; UserError `bad-output`. */
export function unwritten(cause: NodeJS.ErrnoException): UserError {
  return new UserError('bad-output', `standard output cannot be written (${cause.code ?? 'EIO'})`, {
    hint: 'what was written is incomplete',
    cause,
  });
}
