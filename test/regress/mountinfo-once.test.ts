/** A mount with maps of owners read /proc/self/mountinfo once for each of its lower layers. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { isMounted, makeScratch, programPath, unionOptions } from '../fixtures/mount.ts';
import { mountNeeds, needs } from '../fixtures/needs.ts';
import { shell } from './fixtures/shell.ts';

/** How often the server of a mount with that many lower layers reads the table of mounts, from its start to its end. */
async function countReads(test: Test, layers: number): Promise<number> {
  const scratch = makeScratch(test);
  const lower = Array.from({ length: layers }, (_, index) => scratch.directory(`l${String(index)}`));
  const at = scratch.directory('at');
  const options = ['uidmapping=0:100000:65536', 'gidmapping=0:100000:65536'];
  const log = `${scratch.path}/log`;
  const server = [programPath, '-f', '-o', unionOptions({ lower, options }), at];
  const child = spawn('strace', ['-f', '-qq', '-e', 'trace=openat', '-o', log, ...server], {
    stdio: 'ignore',
  });
  const ended = once(child, 'exit');
  while (!isMounted(at) && child.exitCode === null) await sleep(50);
  await shell(at, 'ls; cd /; umount "$OLDPWD"');
  test.strictSame(await ended, [0, null]);
  return readFileSync(log, 'latin1').split('/mountinfo').length - 1;
}

t.test('more layers, no more reads', needs(...mountNeeds, 'program:strace'), async (test) => {
  const few = await countReads(test, 2);
  test.ok(few > 0, 'the table is read at all');
  test.equal(await countReads(test, 40), few);
});
