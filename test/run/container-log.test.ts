import { appendFileSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { readLog } from '../../src/run/container-log.ts';
import { makeScratch } from '../fixtures/mount.ts';

const line = (stream: string, kind: string, text: string): string =>
  `2026-01-02T03:04:05.678901234+00:00 ${stream} ${kind} ${text}\n`;

async function textsOf(log: ReturnType<typeof readLog>): Promise<string[]> {
  const texts: string[] = [];
  for await (const { stream, text } of log) texts.push(`${stream}:${text.toString()}`);
  return texts;
}

t.test('lines, parts of lines, and what is no line', async (t) => {
  const path = `${makeScratch(t).path}/log`;
  t.strictSame(await textsOf(readLog(path)), [], 'no log is an empty one');
  writeFileSync(
    path,
    line('stdout', 'F', 'one') + line('stderr', 'P', 'part') + line('stderr', 'F', '') + 'noise\n',
  );
  appendFileSync(path, line('stdout', 'F', 'x'.repeat(200_000)));
  appendFileSync(path, '2026-01-02T03:04:05Z stdout F cut off');
  t.strictSame(await textsOf(readLog(path)), [
    'stdout:one\n',
    'stderr:part',
    'stderr:\n',
    `stdout:${'x'.repeat(200_000)}\n`,
  ]);
  for await (const { time } of readLog(path)) t.equal(time, '2026-01-02T03:04:05.678901234+00:00');
});

t.test('a log is followed to the end of its container', async (t) => {
  const path = `${makeScratch(t).path}/log`;
  writeFileSync(path, line('stdout', 'F', 'first'));
  let end = (): void => undefined;
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  const log = readLog(path, ended);
  t.match((await log.next()).value, { stream: 'stdout' });
  const second = log.next();
  appendFileSync(path, line('stdout', 'F', 'second'));
  t.equal(((await second).value as { text: Buffer }).text.toString(), 'second\n');
  const rest = textsOf(log);
  appendFileSync(path, line('stdout', 'F', 'third'));
  end();
  t.strictSame(await rest, ['stdout:third\n']);
});
