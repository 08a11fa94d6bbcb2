/**
 * The program that makes Docker's log of conmon's (native/json-log.c), alone: what it reads is written here, in the form
 * that conmon 2.1.6 writes.
 */
import { isUtf8 } from 'node:buffer';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import t, { type Test } from 'tap';
import { makeScratch } from '../fixtures/mount.ts';
import { needs } from '../fixtures/needs.ts';

const program = fileURLToPath(new URL('../../native/build/Release/json-log', import.meta.url));
const entryMax = 16384;

interface Entry {
  readonly log: string;
  readonly stream: string;
  readonly time: string;
}

/** A line of conmon. */
function line(stream: string, kind: 'F' | 'P', text: string | Buffer, time = local): Buffer {
  return Buffer.concat([Buffer.from(`${time} ${stream} ${kind} `), Buffer.from(text), Buffer.from('\n')]);
}

const local = '2026-01-02T03:04:05.123456789+00:00';
const utc = '2026-01-02T03:04:05.123456789Z';

/** What it writes for this input, after what is in the log already. */
function written(path: string, input: Buffer): string {
  const log = openSync(path, 'a');
  try {
    const { status, stderr } = spawnSync(program, [path], { input, stdio: ['pipe', log, 'pipe'] });
    if (status !== 0) throw new Error(`${String(status)}: ${stderr.toString()}`);
  } finally {
    closeSync(log);
  }
  return readFileSync(path, 'latin1');
}

function entriesOf(text: string): Entry[] {
  const bytes = Buffer.from(text, 'latin1');
  if (!isUtf8(bytes)) throw new Error('it is no UTF-8');
  const lines = bytes.toString().split('\n');
  if (lines.pop() !== '') throw new Error('the last line does not end');
  return lines.map((each) => JSON.parse(each) as Entry);
}

function convert(t: Test, ...input: readonly Buffer[]): Entry[] {
  const path = `${makeScratch(t).path}/log`;
  return entriesOf(written(path, Buffer.concat(input)));
}

/** As Go decodes: a byte that begins no character is one that cannot be told, whatever follows it. */
function decode(bytes: Buffer): string {
  if (isUtf8(bytes)) return bytes.toString();
  let text = '';
  for (let at = 0; at < bytes.length;) {
    const size = [1, 2, 3, 4].find((length) => {
      const part = bytes.subarray(at, at + length);
      return part.length === length && isUtf8(part);
    });
    text += size === undefined ? '\ufffd' : bytes.subarray(at, at + size).toString();
    at += size ?? 1;
  }
  return text;
}

const built = needs('build');

t.test('the bytes are those of Docker', built, (t) => {
  const path = `${makeScratch(t).path}/log`;
  const text = 'a "b" \\ <c> & \t\r\u0001\u007f é 😀 \u2028\u2029';
  t.equal(
    Buffer.from(written(path, line('stdout', 'F', text)), 'latin1').toString('utf8'),
    String.raw`{"log":"a \"b\" \\ \u003cc\u003e \u0026 \u0009\r\u0001${'\u007f'} é 😀 \u2028\u2029\n","stream":"stdout","time":"${utc}"}` +
      '\n',
  );
  t.equal(
    written(path, line('stderr', 'F', '')).split('\n')[1],
    `{"log":"\\n","stream":"stderr","time":"${utc}"}`,
  );
  t.end();
});

t.test('times are those of Greenwich', built, (t) => {
  const times = [
    ['2026-01-02T03:04:05.000000001+01:00', '2026-01-02T02:04:05.000000001Z'],
    ['2026-01-01T00:10:00.999999999+05:45', '2025-12-31T18:25:00.999999999Z'],
    ['2024-02-28T23:30:00.500000000-01:30', '2024-02-29T01:00:00.500000000Z'],
  ] as const;
  t.strictSame(
    convert(t, ...times.map(([time]) => line('stdout', 'F', 'x', time))).map(({ time }) => time),
    times.map(([, time]) => time),
  );
  t.end();
});

t.test('pieces of a line are put together, up to what Docker takes for one entry', built, (t) => {
  const later = (second: number): string => `2026-01-02T03:04:${String(second)}.000000000+00:00`;
  const long = 'x'.repeat(3 * entryMax + 100);
  const pieces = Array.from({ length: Math.ceil(long.length / 8192) }, (_, index) =>
    line('stdout', 'P', long.slice(index * 8192, (index + 1) * 8192), later(10 + index)),
  );
  const found = convert(
    t,
    line('stdout', 'P', 'one '),
    line('stderr', 'F', 'between'),
    line('stdout', 'F', 'line', later(59)),
    ...pieces,
    line('stdout', 'F', '', later(58)),
    line('stdout', 'F', 'next', later(59)),
  );
  t.strictSame(
    found.map(({ log }) => log),
    [
      'between\n',
      'one line\n',
      ...Array<string>(3).fill('x'.repeat(entryMax)),
      `${'x'.repeat(100)}\n`,
      'next\n',
    ],
  );
  t.strictSame(
    found.slice(1).map(({ time }) => time.slice(17, 19)),
    ['59', '12', '12', '12', '12', '59'],
    'all entries of a line have the time of its first',
  );
  t.end();
});

t.test('a character on the border of two entries stays whole', built, (t) => {
  for (const character of ['é', '€', '😀']) {
    for (let before = 0; before < 4; before++) {
      const text = Buffer.from(`${'y'.repeat(entryMax - before)}${character}rest`);
      const found = convert(
        t,
        line('stdout', 'P', text.subarray(0, 8192)),
        line('stdout', 'F', text.subarray(8192)),
      );
      t.equal(found.map(({ log }) => log).join(''), `${text.toString()}\n`, `${character} ${String(before)}`);
      t.equal(found.length, 2);
    }
  }
  t.end();
});

t.test('what is no UTF-8 is told byte by byte', built, (t) => {
  // The borders of Unicode's table 3-7, from both sides.
  const texts = [
    '80',
    'bf',
    'c080',
    'c1bf',
    'c27f',
    'c280',
    'c2c0',
    'dfbf',
    'e09fbf',
    'e0a080',
    'e28228',
    'ecbfbf',
  ]
    .concat(
      'ed9fbf',
      'eda080',
      'edbfbf',
      'ee8080',
      'efbfbf',
      'f08fbfbf',
      'f0908080',
      'f48fbfbf',
      'f4908080',
      'f5808080',
      'ff',
    )
    .map((hex) => Buffer.concat([Buffer.from('<'), Buffer.from(hex, 'hex'), Buffer.from('>')]));
  t.strictSame(
    convert(t, ...texts.map((text) => line('stdout', 'F', text))).map(({ log }) => log),
    texts.map((text) => `${decode(text)}\n`),
  );
  t.end();
});

t.test('what does not end is written at the end', built, (t) => {
  const torn = Buffer.from('€').subarray(0, 2);
  t.strictSame(
    convert(t, line('stdout', 'P', 'no newline'), line('stderr', 'P', torn)).map(({ log }) => log),
    ['no newline', '\ufffd\ufffd'],
  );
  t.end();
});

t.test('what is no line of conmon is left out', built, (t) => {
  const found = convert(
    t,
    Buffer.from('noise\n\n'),
    line('stdin', 'F', 'x'),
    line('stdout', 'F', 'x', '2026-01-02 03:04:05.123456789+00:00'),
    line('stdout', 'F', 'z'.repeat(200_000)),
    Buffer.alloc(100, 0),
    Buffer.from('\n'),
    line('stdout', 'F', 'good'),
    line('stdout', 'F', 'cut off').subarray(0, -1),
  );
  t.strictSame(found, [{ log: 'good\n', stream: 'stdout', time: utc }]);
  t.end();
});

t.test('any bytes, in any pieces', built, (t) => {
  const path = `${makeScratch(t).path}/log`;
  const texts = fc.array(
    fc.record({
      stream: fc.constantFrom('stdout', 'stderr'),
      text: fc
        .oneof(
          fc.uint8Array({ maxLength: 200 }),
          fc.string({ unit: 'binary', maxLength: 50 }).map((text) => Buffer.from(text)),
          fc.constantFrom('é', '\ufffd', '\ud7ff', '\ue000').map((text) => Buffer.from(text.repeat(9000))),
        )
        .map((bytes) => Buffer.from(bytes).map((byte) => (byte === 0x0a ? 0x20 : byte))),
      pieceSize: fc.integer({ min: 1, max: 8192 }),
    }),
    { maxLength: 10 },
  );
  fc.assert(
    fc.property(texts, (lines) => {
      writeFileSync(path, '');
      const input = lines.flatMap(({ stream, text, pieceSize }) => {
        const size = Math.max(pieceSize, Math.ceil(text.length / 50));
        const pieces = Array.from({ length: Math.ceil(text.length / size) }, (_, index) =>
          line(stream, 'P', Buffer.from(text).subarray(index * size, (index + 1) * size)),
        );
        return [...pieces, line(stream, 'F', '')];
      });
      const found = entriesOf(written(path, Buffer.concat(input)));
      for (const stream of ['stdout', 'stderr']) {
        const expected = lines
          .filter((each) => each.stream === stream)
          .map(({ text }) => `${decode(Buffer.from(text))}\n`)
          .join('');
        const all = found.filter((each) => each.stream === stream);
        if (all.map(({ log }) => log).join('') !== expected) return false;
        if (all.some(({ log }) => Buffer.byteLength(log) > 3 * entryMax + 1)) return false;
      }
      return true;
    }),
    { numRuns: 150 },
  );
  t.end();
});

t.test('it is appended, as it comes', built, async (t) => {
  const path = `${makeScratch(t).path}/log`;
  appendFileSync(path, '{"log":"before\\n"}\n');
  const log = openSync(path, 'a');
  const child = spawn(program, [path], { stdio: ['pipe', log, 'inherit'] });
  closeSync(log);
  const untilThere = async (count: number): Promise<void> => {
    while (readFileSync(path, 'utf8').split('\n').length <= count) await sleep(5);
  };
  child.stdin?.write(line('stdout', 'F', 'first'));
  await untilThere(2);
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) child.kill(signal);
  // Whoever rotates logs by copying them.
  writeFileSync(path, '');
  child.stdin?.end(line('stderr', 'F', 'second'));
  t.strictSame(await once(child, 'exit'), [0, null], 'no signal but SIGKILL ends it');
  t.match(entriesOf(readFileSync(path, 'latin1')), [{ log: 'second\n' }]);
});

t.test(
  'where it cannot write it reads on, and leaves no half lines',
  needs('build', 'program:prlimit'),
  async (t) => {
    const path = `${makeScratch(t).path}/log`;
    const log = openSync(path, 'a');
    const limited = ['--fsize=4000', program, path];
    const child = spawn('prlimit', limited, { stdio: ['pipe', log, 'inherit'] });
    closeSync(log);
    const many = Buffer.concat(
      Array.from({ length: 3000 }, (_, index) => line('stdout', 'F', String(index))),
    );
    child.stdin?.end(many);
    t.strictSame(await once(child, 'exit'), [0, null]);
    const logs = entriesOf(readFileSync(path, 'latin1')).map((entry) => entry.log);
    t.ok(logs.length > 40 && logs.length < 60, `${String(logs.length)} entries of 75 bytes`);
    t.strictSame(
      logs,
      logs.map((_, index) => `${String(index)}\n`),
    );
  },
);
