import { appendFileSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { readLog } from '../../src/run/container-log.ts';
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
  const log = readLog(path, ended);
  t.match((await log.next()).value, { stream: 'stdout' });
  const second = log.next();
  appendFileSync(path, line('stdout', 'second\n'));
  t.equal(((await second).value as { text: string }).text, 'second\n');
  const rest = textsOf(log);
  appendFileSync(path, line('stdout', 'third\n'));
  end();
  t.strictSame(await rest, ['stdout:third\n']);
});
