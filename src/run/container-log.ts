/**
 * The log of a container as conmon writes it, in the format of Kubernetes' runtimes: a line for each line of output,
 * `TIME STREAM F|P TEXT`, where P says that the line goes on in the next.
 */
import { watch } from 'node:fs';
import { open } from 'node:fs/promises';

export interface LogEntry {
  /** As conmon wrote it: RFC 3339 with nanoseconds. */
  readonly time: string;
  readonly stream: 'stdout' | 'stderr';
  /** With its newline, unless the line goes on. */
  readonly text: Buffer;
}

const chunkSize = 65536;
const newline = 0x0a;

/**
 * Entries from the beginning. With `ended`, waits for more at the end of the log until that resolves, and reads what was
 * written until then. A log that is not there is empty.
 */
export async function* readLog(path: string, ended?: Promise<unknown>): AsyncGenerator<LogEntry> {
  const file = await open(path, 'r').catch((thrown: unknown) => {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw thrown;
  });
  if (file === undefined) return;
  const stop = new AbortController();
  const watcher = ended === undefined ? undefined : watch(path, { signal: stop.signal });
  watcher?.on('error', () => undefined);
  try {
    const buffer = Buffer.alloc(chunkSize);
    let isOver = ended === undefined;
    void ended?.then(() => {
      isOver = true;
    });
    for (let rest = Buffer.alloc(0); ;) {
      const wasOver = isOver;
      const changed = new Promise<void>((resolve) =>
        watcher?.once('change', () => {
          resolve();
        }),
      );
      const { bytesRead } = await file.read(buffer, 0, chunkSize, null);
      if (bytesRead === 0) {
        if (wasOver) return;
        await Promise.race([changed, ended]);
        continue;
      }
      rest = Buffer.concat([rest, buffer.subarray(0, bytesRead)]);
      for (let end = rest.indexOf(newline); end >= 0; end = rest.indexOf(newline)) {
        const entry = parseLine(rest.subarray(0, end));
        rest = rest.subarray(end + 1);
        if (entry !== undefined) yield entry;
      }
    }
  } finally {
    stop.abort();
    await file.close();
  }
}

function parseLine(line: Buffer): LogEntry | undefined {
  const head = /^(\S+) (stdout|stderr) ([FP]) /.exec(line.subarray(0, 80).toString('latin1'));
  if (head === null) return undefined;
  const [{ length }, time = '', stream, kind] = head;
  const text = line.subarray(length);
  return {
    time,
    stream: stream as LogEntry['stream'],
    text: kind === 'F' ? Buffer.concat([text, Buffer.from('\n')]) : Buffer.from(text),
  };
}
