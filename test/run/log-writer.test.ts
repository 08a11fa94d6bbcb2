import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import t, { type Test } from 'tap';
import { nameFromText } from '../../src/base/name.ts';
import { tryLock } from '../../src/os/lock.ts';
import { getNativeProgram } from '../../src/os/native-program.ts';
import { bundlePath, containerPath, logPath, type Engine } from '../../src/run/engine.ts';
import { completeLog, untilLogComplete } from '../../src/run/log-end.ts';
import { startLogWriter } from '../../src/run/log-writer.ts';
import { makeScratch } from '../fixtures/mount.ts';
import { needs } from '../fixtures/needs.ts';

const id = 'some';

/** As much of an engine as a log needs, with the directories of a run that begins. */
function makeEngine(t: Test): Engine {
  const { path } = makeScratch(t);
  const engine = { containers: `${path}/containers`, runRoot: `${path}/run` } as Engine;
  mkdirSync(containerPath(engine, id), { recursive: true });
  mkdirSync(bundlePath(engine, id), { recursive: true });
  return engine;
}

const built = needs('build');

t.test('what conmon writes gets into the log', built, async (t) => {
  const engine = makeEngine(t);
  const writer = await startLogWriter(engine, id);
  const conmon = await open(`/proc/self/fd/${String(writer.input)}`, 'a');
  writer.release();
  t.equal(tryLock(nameFromText(logPath(engine, id))), undefined, 'it is not complete');
  await conmon.write('2026-01-02T03:04:05.000000000+00:00 stdout F text\n');
  await conmon.close();
  await completeLog(engine, id, { sync: true });
  t.equal(
    readFileSync(logPath(engine, id), 'utf8'),
    '{"log":"text\\n","stream":"stdout","time":"2026-01-02T03:04:05.000000000Z"}\n',
  );
});

t.test('it ends when conmon never begins', built, async (t) => {
  const engine = makeEngine(t);
  const writer = await startLogWriter(engine, id);
  t.equal(tryLock(nameFromText(logPath(engine, id))), undefined);
  writer.release();
  await untilLogComplete(engine, id);
  tryLock(nameFromText(logPath(engine, id)))?.release();
});

t.test('what a crash has cut off goes', built, async (t) => {
  for (const [left, kept] of [
    ['', ''],
    ['{"a":1}\n', '{"a":1}\n'],
    ['{"a":1}\n{"b"', '{"a":1}\n'],
    ['{"b"', ''],
    [`{"a":1}\n${'\0'.repeat(65536 - 8)}`, '{"a":1}\n'],
    [`{"a":1}\n${'\0'.repeat(200_000)}`, '{"a":1}\n'],
    ['x'.repeat(200_000), ''],
  ] as const) {
    const engine = makeEngine(t);
    writeFileSync(logPath(engine, id), left);
    (await startLogWriter(engine, id)).release();
    t.equal(readFileSync(logPath(engine, id), 'utf8'), kept);
  }
});

t.test('nobody waits for ever for a writer that hangs', built, async (t) => {
  const engine = makeEngine(t);
  writeFileSync(logPath(engine, id), 'kept');
  const lock = tryLock(nameFromText(logPath(engine, id)));
  await Promise.all([
    t.rejects(startLogWriter(engine, id), { code: 'log-in-use' }),
    t.resolves(completeLog(engine, id, { sync: true })),
  ]);
  lock?.release();
  t.equal(readFileSync(logPath(engine, id), 'utf8'), 'kept');
});

t.test('a container without a log has a complete one', async (t) => {
  const engine = makeEngine(t);
  await completeLog(engine, id, { sync: true });
  await untilLogComplete(engine, id);
});

t.test('a program that was not built says what to do', (t) => {
  t.throws(() => getNativeProgram('absent'), { code: 'program-missing', hint: /npm run build:native/ });
  t.end();
});
