import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import t from 'tap';
import { nameFromText } from '../../src/base/name.ts';
import { tryLock } from '../../src/os/lock.ts';
import { addContainer, collectUnfinished, getContainer } from '../../src/run/container-book.ts';
import { makeScratch } from '../fixtures/mount.ts';
import { containerOf, idOf, makeNotedEngine } from './fixtures/noted-engine.ts';

t.test('what a creation that died has left goes, and nothing else', async (t) => {
  const { path } = makeScratch(t);
  const { engine, removed } = makeNotedEngine(path);
  for (const digit of ['a', 'b', 'c']) mkdirSync(`${engine.containers}/${idOf(digit)}`, { recursive: true });
  mkdirSync(`${engine.containers}/other`);
  await addContainer(engine, containerOf('a', 'whole'));
  const lock = tryLock(nameFromText(`${engine.containers}/${idOf('b')}`));
  await collectUnfinished(engine);
  t.strictSame(removed, [idOf('c')]);
  t.strictSame(
    readdirSync(engine.containers),
    [idOf('a'), idOf('b'), 'other'],
    'one that is locked is being made',
  );
  lock?.release();
  await collectUnfinished(engine);
  t.notOk(existsSync(`${engine.containers}/${idOf('b')}`));
});

t.test('containers are found by name, id, and the beginning of an id', async (t) => {
  const { engine } = makeNotedEngine(makeScratch(t).path);
  for (const [digit, name] of [
    ['a', 'web'],
    ['b', 'aaa'],
    ['c', ''],
  ] as const) {
    mkdirSync(`${engine.containers}/${idOf(digit)}`, { recursive: true });
    await addContainer(engine, containerOf(digit, name));
  }
  t.equal((await getContainer(engine, 'web')).id, idOf('a'));
  t.equal((await getContainer(engine, '/web')).id, idOf('a'));
  t.equal((await getContainer(engine, 'aaa')).id, idOf('b'), 'a name comes before the beginning of an id');
  t.equal((await getContainer(engine, 'aaaa')).id, idOf('a'));
  t.match((await getContainer(engine, idOf('c'))).name, /^[a-z]+_[a-z]+\d+$/);
  await t.rejects(getContainer(engine, 'd'), { code: 'no-such-container' });
  mkdirSync(`${engine.containers}/${'a'.repeat(63)}b`);
  await addContainer(engine, { ...containerOf('a', 'twin'), id: `${'a'.repeat(63)}b` });
  await t.rejects(getContainer(engine, 'aaaa'), { code: 'ambiguous-id' });
  await t.rejects(addContainer(engine, containerOf('d', 'web')), { code: 'name-in-use' });
  await t.rejects(addContainer(engine, containerOf('d', '-x')), { code: 'bad-name' });
});
