/**
 * Takes the compression from a stream, whichever of the usual ones it has. It is recognized by the first bytes, as
 * tar(1) and the container engines do it: names and media types lie. gzip is Node's own; for the others, which
 * Node 20 lacks, Debian's programs run as children, one for a stream, ended with it.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { UserError } from '../base/user-error.ts';

/** It decompresses its standard input. */
interface Program {
  readonly argv: readonly [string, ...string[]];
  /** Debian's package of it. */
  readonly debian: string;
}

interface Compression {
  /** A stream begins with one of them. */
  readonly magics: readonly Buffer[];
  /** Node does it where there is none. */
  readonly program?: Program;
}

const compressions: readonly Compression[] = [
  { magics: [Buffer.from([0x1f, 0x8b])] },
  {
    // A frame of data, or one of those that are passed over, with which pzstd begins (RFC 8878, section 3.1).
    magics: [
      Buffer.from([0x28, 0xb5, 0x2f, 0xfd]),
      ...Array.from({ length: 16 }, (_, index) => Buffer.from([0x50 + index, 0x2a, 0x4d, 0x18])),
    ],
    program: { argv: ['zstd', '-dcq'], debian: 'zstd' },
  },
  {
    magics: [Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00])],
    program: { argv: ['xz', '-dcq'], debian: 'xz-utils' },
  },
  {
    // `BZh`, the size of blocks, and the mark of the first block or, with nothing in it, of the end: a name in a tar
    // may well begin with the letters alone.
    magics: Array.from({ length: 9 }, (_, index) => `BZh${String(index + 1)}`).flatMap((start) =>
      ['314159265359', '177245385090'].map((mark) =>
        Buffer.concat([Buffer.from(start), Buffer.from(mark, 'hex')]),
      ),
    ),
    program: { argv: ['bzip2', '-dcq'], debian: 'bzip2' },
  },
];
const magicMax = 10;
const chunkSize = 256 << 10;
/** Of what a program has to say about its input. */
const messageMax = 4096;

/**
 * The same bytes, decompressed if they are compressed. Throws while it is read: UserError `bad-compression` for
 * damaged or truncated data, `missing-program` where a program is not installed, `program-killed`; whatever `source`
 * throws. Leaving the loop early ends the child and `source`.
 */
export async function* decompressed(
  source: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const chunks = source[Symbol.asyncIterator]();
  try {
    const first = await readFirst(chunks);
    const whole = startingWith(first, chunks);
    const isFirst = (magic: Buffer): boolean => first.subarray(0, magic.length).equals(magic);
    const compression = compressions.find(({ magics }) => magics.some(isFirst));
    if (compression === undefined) yield* whole;
    else if (compression.program === undefined) yield* gunzipped(whole);
    else yield* throughProgram(whole, compression.program);
  } finally {
    await chunks.return?.();
  }
}

/** A file in the same way. It is open only while it is read: who never begins holds nothing. */
export async function* decompressedFile(path: string): AsyncGenerator<Uint8Array, void, undefined> {
  yield* decompressed(createReadStream(path));
}

async function readFirst(chunks: AsyncIterator<Uint8Array>): Promise<Buffer> {
  let first = Buffer.alloc(0);
  while (first.length < magicMax) {
    const next = await chunks.next();
    if (next.done === true) break;
    first = Buffer.concat([first, next.value]);
  }
  return first;
}

async function* startingWith(
  first: Buffer,
  chunks: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (first.length > 0) yield first;
  for (let next = await chunks.next(); next.done !== true; next = await chunks.next()) yield next.value;
}

async function* gunzipped(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  const gunzip = createGunzip({ chunkSize });
  // What goes wrong at either end destroys the stream, and is thrown below.
  pipeline(source, gunzip).catch(() => undefined);
  try {
    for await (const chunk of gunzip) yield chunk as Buffer;
  } catch (error) {
    // Z_DATA_ERROR, Z_BUF_ERROR: zlib's own.
    if (!(error instanceof Error) || !('code' in error) || !String(error.code).startsWith('Z_')) throw error;
    throw badCompression('gzip', error.message, error);
  }
}

/** Codes of what is written to a program, or was to be, when it has ended: by the system, and by Node. */
const hasEnded: ReadonlySet<unknown> = new Set(['EPIPE', 'ERR_STREAM_PREMATURE_CLOSE']);

async function* throughProgram(
  source: AsyncIterable<Uint8Array>,
  { argv, debian }: Program,
): AsyncGenerator<Uint8Array, void, undefined> {
  const [name, ...args] = argv;
  // In a session of its own: Ctrl-C is for the one who reads, who then ends it.
  const child = spawn(name, args, { stdio: 'pipe', detached: true });
  const ended = endOf(child, argv[0], debian);
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(0, messageMax);
  });
  const fed = pipeline(source, child.stdin).catch((error: unknown) => {
    // The program has ended, and says itself why.
    if (!(error instanceof Error && 'code' in error && hasEnded.has(error.code))) throw error;
  });
  fed.catch(() => undefined);
  try {
    for await (const chunk of child.stdout) yield chunk as Buffer;
    const status = await ended;
    await fed;
    if (status !== 0) throw badCompression(name, said.trim() || `it ended with ${String(status)}`);
  } finally {
    child.kill('SIGKILL');
    await ended.catch(() => undefined);
  }
}

/** Its exit status. Rejects with UserError `missing-program`, `program-killed`, or Node's error of spawn(). */
function endOf(child: ChildProcess, name: string, debian: string): Promise<number> {
  const ended = new Promise<number>((resolve, reject) => {
    child.once('close', (status, signal) => {
      if (status !== null) resolve(status);
      // That says nothing of the data.
      else
        reject(
          new UserError('program-killed', `${name} was ended by ${String(signal)}`, {
            hint: 'try again; where memory ran out, dmesg tells',
          }),
        );
    });
    child.once('error', (cause) => {
      const isMissing = 'code' in cause && cause.code === 'ENOENT';
      reject(
        isMissing
          ? new UserError('missing-program', `${name} is needed for this tar, and is not installed`, {
              hint: `apt-get install ${debian}`,
              cause,
            })
          : cause,
      );
    });
  });
  // It is awaited once all output has been read; until then a failure waits.
  ended.catch(() => undefined);
  return ended;
}

function badCompression(format: string, what: string, cause?: unknown): UserError {
  return new UserError('bad-compression', `the compressed tar is damaged: ${format}: ${what}`, {
    hint: 'fetch it anew',
    cause,
  });
}
