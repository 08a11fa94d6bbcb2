/**
 * The log of a container in the format of Docker's driver `json-file`: a line of JSON for each line of output,
 * `{"log": TEXT, "stream": STREAM, "time": TIME}`. A long line of output is several, of which the last alone has its newline.
 */
import { watch } from 'node:fs';
import { open } from 'node:fs/promises';
import * as v from 'valibot';

export interface LogEntry {
  /** RFC 3339 with nanoseconds, in UTC. */
  readonly time: string;
  readonly stream: 'stdout' | 'stderr';
  /** With its newline, unless the line goes on. */
  readonly text: string;
}

const chunkSize = 65536;
const newline = 0x0a;

/**
 * Entries from the beginning. With `ended`, waits for more at the end of the log until that resolves, and reads what was
 * written until then. A log that is not there is empty; a last line that does not end is not there yet, or was cut by a crash.
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

const schema = v.object({ log: v.string(), stream: v.picklist(['stdout', 'stderr']), time: v.string() });

/** Undefined for a line that is something else. */
function parseLine(line: Buffer): LogEntry | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line.toString('utf8'));
  } catch {
    return undefined;
  }
  const { success, output } = v.safeParse(schema, value);
  return success ? { time: output.time, stream: output.stream, text: output.log } : undefined;
}
