import { appendFileSync, truncateSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { findTail, readLog } from '../../src/run/container-log.ts';
import { makeScratch } from '../fixtures/mount.ts';

const time = '2026-01-02T03:04:05.678901234Z';
const line = (stream: string, log: string): string => `${JSON.stringify({ log, stream, time })}\n`;

async function textsOf(log: ReturnType<typeof readLog>): Promise<string[]> {
  const texts: string[] = [];
  for await (const { stream, text } of log) texts.push(`${stream}:${text}`);
  return texts;
}

t.test('lines, parts of lines, and what is no line', async (t) => {
  const path = `${makeScratch(t).path}/log`;
  t.strictSame(await textsOf(readLog(path)), [], 'no log is an empty one');
  writeFileSync(
    path,
    line('stdout', 'one\n') +
      line('stderr', 'part') +
      line('stderr', '\n') +
      'noise\n\0\0\n{"log":1}\nnull\n',
  );
  appendFileSync(path, line('stdout', `é${'x'.repeat(200_000)}\n`));
  appendFileSync(path, line('stdout', 'cut off').slice(0, -1));
  t.strictSame(await textsOf(readLog(path)), [
    'stdout:one\n',
    'stderr:part',
    'stderr:\n',
    `stdout:é${'x'.repeat(200_000)}\n`,
  ]);
  for await (const entry of readLog(path)) t.equal(entry.time, time);
});

t.test('a log is followed to the end of its container', async (t) => {
  const path = `${makeScratch(t).path}/log`;
  writeFileSync(path, line('stdout', 'first\n'));
  let end = (): void => undefined;
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  const log = readLog(path, { ended });
  t.match((await log.next()).value, { stream: 'stdout' });
  const second = log.next();
  appendFileSync(path, line('stdout', 'second\n'));
  t.equal(((await second).value as { text: string }).text, 'second\n');
  const rest = textsOf(log);
  appendFileSync(path, line('stdout', 'third\n'));
  end();
  t.strictSame(await rest, ['stdout:third\n']);
});

t.test('the last lines are found from the end', async (t) => {
  const path = `${makeScratch(t).path}/log`;
  const all = (): boolean => true;
  t.equal(await findTail(path, 1, all), 0, 'no log');
  const texts = Array.from(
    { length: 500 },
    (_, index) => `${String(index)} ${'x'.repeat((index * 37) % 3000)}\n`,
  );
  writeFileSync(path, texts.map((text) => line('stdout', text)).join(''));
  appendFileSync(path, 'no entry\n');
  const expected = texts.map((text) => `stdout:${text}`);
  const tail = async (count: number, accepts: Parameters<typeof findTail>[2] = all): Promise<string[]> =>
    textsOf(readLog(path, { from: await findTail(path, count, accepts) }));
  for (const count of [1, 7, 60, 499, 500, 501])
    t.strictSame(await tail(count), expected.slice(-count), String(count));
  t.strictSame(await tail(0), []);
  t.strictSame(await tail(2, ({ text }) => /^4[01]0 /.test(text)), expected.slice(400));
  t.strictSame(await tail(1, () => false), expected);
  appendFileSync(path, '{"log":"torn');
  t.strictSame(await tail(2), expected.slice(-2));
  const log = readLog(path, { from: await findTail(path, 0, all) });
  t.strictSame(await textsOf(log), []);
  writeFileSync(path, '{"log":"torn');
  t.equal(await findTail(path, 1, all), 0);
});

t.test('a log that was emptied begins anew', async (t) => {
  const path = `${makeScratch(t).path}/log`;
  writeFileSync(path, line('stdout', 'before\n') + '{"log":"torn');
  let end = (): void => undefined;
  const ended = new Promise<void>((resolve) => (end = resolve));
  const log = readLog(path, { ended });
  t.match(await log.next(), { value: { text: 'before\n' } });
  const next = log.next();
  await new Promise((resolve) => setTimeout(resolve, 100));
  truncateSync(path);
  appendFileSync(path, line('stdout', 'new\n'));
  t.match(await next, { value: { text: 'new\n' } });
  end();
  t.match(await log.next(), { done: true });
});

// Looked for from there, it was found at the end again, for ever.
t.test('from the end, where a block begins with the newline of a line', async (t) => {
  const path = `${makeScratch(t).path}/log`;
  const first = line('stdout', 'first\n');
  const block = 65_536 - 1;
  let rest = '';
  while (block - rest.length > 400) rest += line('stdout', 'more\n');
  const empty = line('stdout', '').length;
  rest += line('stdout', 'x'.repeat(block - rest.length - empty));
  writeFileSync(path, first + rest);
  const count = (first + rest).split('\n').length - 1;
  for (const wanted of [1, count - 1, count, count + 100]) {
    const from = await findTail(path, wanted, () => true);
    const texts = await textsOf(readLog(path, { from }));
    t.equal(texts.length, Math.min(wanted, count), String(wanted));
  }
});
