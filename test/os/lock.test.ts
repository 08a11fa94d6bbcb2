import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import t from 'tap';
import { asName } from '../../src/base/name.ts';
import { tryLock, waitForLock } from '../../src/os/lock.ts';
import { makeScratch } from './fixtures/scratch.ts';

t.test('one holder at a time, in this process and in others', (t) => {
  const dir = makeScratch(t);
  const flock = (): number => {
    try {
      execFileSync('flock', ['-n', '-E', '42', dir.path, 'true']);
      return 0;
    } catch (thrown) {
      return (thrown as { status: number }).status;
    }
  };
  t.equal(flock(), 0);
  const lock = tryLock(asName(dir.path));
  t.equal(lock?.path, dir.path);
  t.equal(tryLock(asName(dir.path)), undefined);
  t.equal(flock(), 42);
  lock?.release();
  lock?.release();
  t.equal(flock(), 0);
  const again = tryLock(asName(dir.path));
  t.ok(again);
  again?.release();
  t.end();
});

t.test('files too, and errors have codes', (t) => {
  const dir = makeScratch(t);
  writeFileSync(dir.at('f'), '');
  tryLock(asName(dir.at('f')))?.release();
  t.throws(() => tryLock(asName(dir.at('missing'))), { name: 'FsError', code: 'ENOENT', syscall: 'open' });
  t.end();
});

t.test('a shared lock is shared, and keeps out who wants it alone', (t) => {
  const dir = makeScratch(t);
  const path = asName(dir.path);
  const [one, two] = [tryLock(path, 'shared'), tryLock(path, 'shared')];
  t.ok(one);
  t.ok(two);
  t.equal(tryLock(path), undefined);
  one?.release();
  two?.release();
  const alone = tryLock(path);
  t.ok(alone);
  t.equal(tryLock(path, 'shared'), undefined);
  alone?.release();
  t.end();
});

t.test('who waits gets it when it is free, or gives up when told', async (t) => {
  const dir = makeScratch(t);
  const path = asName(dir.path);
  const held = tryLock(path);
  const waiting = waitForLock(path, 'exclusive');
  const ending = new AbortController();
  const other = waitForLock(path, 'shared', ending.signal);
  ending.abort(new Error('told'));
  await t.rejects(other, /told/);
  held?.release();
  const lock = await waiting;
  t.equal(tryLock(path), undefined);
  lock.release();
});
