import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { asName, type Name } from '../../src/base/name.ts';
import { parseCommandLine } from '../../src/cli/command-line.ts';
import { lockUpper, type UpperLock } from '../../src/cli/upper-lock.ts';
import { readMounts } from '../../src/os/mountinfo.ts';
import { makeScratch, type HasTeardown } from '../fixtures/mount.ts';

const command = parseCommandLine(['-o', 'lowerdir=/l', '/m'], asName('/'));
const asked = (command as Extract<typeof command, { act: 'mount' }>).spec;

t.test('a note that cannot be written is no reason to fail', async (t) => {
  const scratch = makeScratch(t);
  const [upper, work] = [scratch.directory('upper'), scratch.directory('work')];
  const lock = await lockUpper({ upper: asName(upper), work: asName(work) });
  mkdirSync(join(work, 'stratafs-mount'));
  t.doesNotThrow(() => {
    lock.recordMount('0:1', asked);
  });
  lock.release();
});

t.test('a holder whose mount is gone is waited for, one whose mount is there is not', async (t) => {
  const scratch = makeScratch(t);
  const [upper, work] = [asName(scratch.directory('upper')), asName(scratch.directory('work'))];
  const device = readMounts()[0]?.device ?? '';
  const holder = await lockUpper({ upper, work });
  const begun = Date.now();
  holder.recordMount(device, asked);
  await t.rejects(lockUpper({ upper, work }), { code: 'in-use', hint: /^unmount that first/ });
  t.ok(Date.now() - begun < 4500, 'it is not waited for');
  holder.recordMount('0:0', asked);
  await t.rejects(lockUpper({ upper, work, waitMs: 100 }), {
    code: 'in-use',
    hint: new RegExp(`process ${String(process.pid)} still writes`),
  });
  const waiting = lockUpper({ upper, work });
  // Longer than one that tells nothing is waited for.
  await new Promise((resolve) => setTimeout(resolve, 5500));
  holder.release();
  const lock = await waiting;
  lock.release();
});

/** A holder whose mount has gone, and its device number to another, before its server has heard of the end. */
async function makeEnding(t: HasTeardown): Promise<{ ending: UpperLock; upper: Name; work: Name }> {
  const scratch = makeScratch(t);
  const [upper, work] = [asName(scratch.directory('upper')), asName(scratch.directory('work'))];
  const ending = await lockUpper({ upper, work });
  ending.recordMount(readMounts()[0]?.device ?? '', asked);
  return { ending, upper, work };
}

t.test("a device number that is another mount's by now keeps nobody out", async (t) => {
  const { ending, upper, work } = await makeEnding(t);
  const waiting = lockUpper({ upper, work });
  setTimeout(() => {
    ending.release();
  }, 100);
  (await waiting).release();
});

// The time in which it was not let run was counted as well, in which the server was not let run either.
t.test('nor on a busy machine', async (t) => {
  const { ending, upper, work } = await makeEnding(t);
  const waiting = lockUpper({ upper, work });
  setTimeout(() => {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000);
    setTimeout(() => {
      ending.release();
    }, 50);
  }, 50);
  (await waiting).release();
});

t.test('one that has told of its end is waited for whatever has its device number', async (t) => {
  const { ending, upper, work } = await makeEnding(t);
  ending.recordEnd();
  const waiting = lockUpper({ upper, work });
  // Longer than the mount of another is taken for the holder's.
  setTimeout(() => {
    ending.release();
  }, 1000);
  (await waiting).release();
});

t.test('a holder in another container is not taken for a process of its number here', async (t) => {
  const scratch = makeScratch(t);
  const [upper, work] = [asName(scratch.directory('upper')), asName(scratch.directory('work'))];
  const note = join(work, 'stratafs-mount');
  const holder = await lockUpper({ upper, work });
  holder.recordMount('0:0', asked);
  const own = readFileSync(note, 'latin1');
  for (const [what, other] of [
    ['another pid namespace', own.replace(/pid:\[\d+\]$/, 'pid:[1]')],
    ['another start', own.replace(/ \d+(?= pid:)/, ' 1')],
  ] as const) {
    t.not(other, own);
    writeFileSync(note, other);
    const attempt = lockUpper({ upper, work, waitMs: 50 });
    await t.rejects(attempt, { code: 'in-use', hint: 'its server has not ended, wait or end it' }, what);
  }
  holder.release();
});
