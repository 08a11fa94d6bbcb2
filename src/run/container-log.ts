/**
 * The log of a container in the format of Docker's driver `json-file`: a line of JSON for each line of output,
 * `{"log": TEXT, "stream": STREAM, "time": TIME}`. A long line of output is several, of which the last alone has its newline.
 */
import { open, type FileHandle } from 'node:fs/promises';
import * as v from 'valibot';
import { watchChanges } from './watch-changes.ts';

export interface LogEntry {
  /** RFC 3339 with nanoseconds, in UTC. */
  readonly time: string;
  readonly stream: 'stdout' | 'stderr';
  /** With its newline, unless the line goes on. */
  readonly text: string;
}

const chunkSize = 65536;
const newline = 0x0a;

export interface ReadOptions {
  /** Where to begin: 0, or what `findTail` has answered. */
  readonly from?: number;
  /** Until it resolves, more is waited for at the end of the log. What was written until then is read. */
  readonly ended?: Promise<unknown> | undefined;
}

/**
 * The entries. A log that is not there is empty; a last line that does not end is not there yet, or was cut by a crash. One
 * that is shorter than it was is another log (logrotate(8), `copytruncate`), which is read from its beginning.
 */
export async function* readLog(
  path: string,
  { from = 0, ended }: ReadOptions = {},
): AsyncGenerator<LogEntry> {
  const file = await findFile(path);
  if (file === undefined) return;
  const changes = ended === undefined ? undefined : watchChanges(path);
  try {
    const buffer = Buffer.alloc(chunkSize);
    let isOver = ended === undefined;
    const finish = (): void => {
      isOver = true;
      changes?.close();
    };
    ended?.then(finish, finish);
    let rest = Buffer.alloc(0);
    for (let at = from; ;) {
      const wasOver = isOver;
      // In this order: what was written before the look is seen by it, what comes after wakes us.
      const changed = changes?.next();
      const { bytesRead } = await file.read(buffer, 0, chunkSize, at);
      if (bytesRead === 0) {
        if ((await file.stat()).size < at) {
          at = 0;
          rest = Buffer.alloc(0);
          continue;
        }
        if (wasOver) {
          await ended;
          return;
        }
        await changed;
        continue;
      }
      at += bytesRead;
      rest = Buffer.concat([rest, buffer.subarray(0, bytesRead)]);
      for (let end = rest.indexOf(newline); end >= 0; end = rest.indexOf(newline)) {
        const entry = parseLine(rest.subarray(0, end));
        rest = rest.subarray(end + 1);
        if (entry !== undefined) yield entry;
      }
    }
  } finally {
    changes?.close();
    await file.close();
  }
}

/** Where the last `count` entries that `accepts` takes begin, or all, where there are fewer. No more is read than they take. */
export async function findTail(
  path: string,
  count: number,
  accepts: (entry: LogEntry) => boolean,
): Promise<number> {
  const file = await findFile(path);
  if (file === undefined) return 0;
  try {
    let left = count;
    for await (const { line, at, end } of linesFromEnd(file)) {
      if (left === 0) return end;
      const entry = parseLine(line);
      if (entry !== undefined && accepts(entry)) left -= 1;
      if (left === 0) return at;
    }
    return 0;
  } finally {
    await file.close();
  }
}

interface PlacedLine {
  /** Without its newline. */
  readonly line: Buffer;
  readonly at: number;
  /** Where the next one begins. */
  readonly end: number;
}

/** The last one first; what follows the last newline is no line yet. */
async function* linesFromEnd(file: FileHandle): AsyncGenerator<PlacedLine> {
  let { size: begin } = await file.stat();
  let text = Buffer.alloc(0);
  let isWhole = false;
  while (begin > 0) {
    const length = Math.min(chunkSize, begin);
    const chunk = Buffer.alloc(length);
    const { bytesRead } = await file.read(chunk, 0, length, begin - length);
    // It has become another one meanwhile.
    if (bytesRead < length) return;
    begin -= length;
    text = Buffer.concat([chunk, text]);
    if (!isWhole) {
      const last = text.lastIndexOf(newline);
      text = text.subarray(0, last + 1);
      isWhole = last >= 0;
    }
    while (text.length > 0) {
      // A negative offset would count from the end.
      const before = text.length < 2 ? -1 : text.lastIndexOf(newline, text.length - 2);
      if (before < 0 && begin > 0) break;
      const [at, end] = [begin + before + 1, begin + text.length];
      yield { line: text.subarray(before + 1, -1), at, end };
      text = text.subarray(0, before + 1);
    }
  }
}

async function findFile(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, 'r');
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw thrown;
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
