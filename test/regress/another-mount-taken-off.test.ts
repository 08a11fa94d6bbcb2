/**
 * A server that was busy when its mount was taken off looked for it by numbers that the kernel had given to the next mount by then,
 * and took that one away.
 */
import { execFileSync } from 'node:child_process';
import { isDeepStrictEqual } from 'node:util';
import t, { type Test } from 'tap';
import { nameFromText } from '../../src/base/name.ts';
import { unmountFuse } from '../../src/os/mount.ts';
import { findMountAt } from '../../src/os/mountinfo.ts';
import { isMounted, makeScratch, type StrataMount } from '../fixtures/mount.ts';
import { needs } from '../fixtures/needs.ts';

/** What the kernel uses again: the numbers of the mount and of its device. */
function numbersAt({ path }: StrataMount): { id: number | undefined; device: string | undefined } {
  const { id, device } = findMountAt(nameFromText(path)) ?? {};
  return { id, device };
}

/** `signals`: what the server hears at once with the end of its mount. Answers whether the next mounts got its numbers. */
async function staysThere(t: Test, signals: readonly NodeJS.Signals[]): Promise<boolean> {
  const scratch = makeScratch(t);
  const mount = () => scratch.mount({ lower: [scratch.directory('lower')] });
  // The server takes a number for itself before its mount has one.
  const before = scratch.directory('before');
  execFileSync('mount', ['--bind', before, before]);
  const late = await mount();
  const numbers = numbersAt(late);
  late.kill('SIGSTOP');
  // umount(8) would ask the server for the attributes of the mount point.
  unmountFuse(nameFromText(late.path), { lazy: false });
  execFileSync('umount', [before]);
  let next = await mount();
  for (let tries = 0; tries < 5 && !isDeepStrictEqual(numbersAt(next), numbers); tries += 1) {
    await next.end();
    next = await mount();
  }
  const isGiven = isDeepStrictEqual(numbersAt(next), numbers);
  for (const signal of [...signals, 'SIGCONT'] as const) late.kill(signal);
  t.match(await late.exited, { code: 0 });
  t.ok(isMounted(next.path), 'which stays');
  await scratch.remove();
  return isGiven;
}

async function takesNoOtherOff(t: Test, signals: readonly NodeJS.Signals[]): Promise<void> {
  let isGiven = false;
  // Others on this machine may mount meanwhile, get one of the numbers, and keep it.
  for (let rounds = 0; rounds < 10 && !isGiven; rounds += 1) isGiven = await staysThere(t, signals);
  t.ok(isGiven, 'the numbers are given to another mount');
}

t.test('a server that hears late of the end of its mount takes no other off', needs('root'), (t) =>
  takesNoOtherOff(t, []),
);

t.test('nor one that is asked to unmount at the same time', needs('root'), (t) =>
  takesNoOtherOff(t, ['SIGTERM']),
);
