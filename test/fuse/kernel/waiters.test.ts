import t from 'tap';
import type { NodeId } from '../../../src/base/ids.ts';
import { Patience, Waiters } from '../../../src/fuse/kernel/waiters.ts';

const one = 1 as NodeId;
const two = 2 as NodeId;
const patient = (unique: number): Patience => new Patience(unique, 60_000);

t.test('a change wakes who waits for its node', async (t) => {
  const waiters = new Waiters();
  const waiting = [waiters.next(one, patient(10)), waiters.next(one, patient(11))];
  const other = waiters.next(two, new Patience(12, 0));
  waiters.wake(one);
  t.strictSame(await Promise.all(waiting), [true, true]);
  t.equal(await other, false, 'not for another, which waits until its time is over');
});

t.test('an interrupt ends one', async (t) => {
  const waiters = new Waiters();
  const waiting = waiters.next(one, patient(10));
  const other = waiters.next(one, patient(11));
  waiters.interrupt(10);
  await t.rejects(waiting, { code: 'EINTR' });
  waiters.wake(one);
  t.equal(await other, true);
});

t.test('a request does not wait longer for being woken in between', async (t) => {
  const waiters = new Waiters();
  const patience = new Patience(10, 50);
  const begun = performance.now();
  let rounds = 0;
  for (let waiting = waiters.next(one, patience); ; waiting = waiters.next(one, patience)) {
    rounds += 1;
    setImmediate(() => {
      waiters.wake(one);
    });
    if (!(await waiting)) break;
  }
  t.ok(rounds > 1);
  t.ok(performance.now() - begun >= 49);
  t.ok(patience.leftMs() < 1, 'timers count whole milliseconds');
});
