/** How the server goes to the background, stays there whatever becomes of its caller, and ends. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import t, { type Test } from 'tap';
import { isMounted, makeScratch, programPath } from '../fixtures/mount.ts';
import { mountNeeds, needs } from '../fixtures/needs.ts';
import { runProgram, serversOf, until } from './fixtures/program.ts';

interface Place {
  readonly at: string;
  readonly other: string;
  readonly upper: string;
  readonly options: string;
}

function makePlace(t: Test): Place {
  const scratch = makeScratch(t);
  const [lower, upper, work, at, other] = ['lower', 'upper', 'work', 'at', 'other'].map((name) =>
    scratch.directory(name),
  ) as [string, string, string, string, string];
  writeFileSync(join(lower, 'a'), 'lower');
  t.teardown(async () => {
    for (const path of [at, other]) {
      while (isMounted(path)) spawnSync('umount', ['-l', path]);
      await until(() => serversOf(path).length === 0, `the server of ${path} ends`);
    }
  });
  return { at, other, upper, options: `lowerdir=${lower},upperdir=${upper},workdir=${work}` };
}

const mountsAt = (path: string): number =>
  readFileSync('/proc/self/mountinfo', 'utf8').split(` ${path} `).length - 1;

t.test('pipes on 1 to 9 come to their end while the mount lives', needs(...mountNeeds), async (t) => {
  const { at, options } = makePlace(t);
  const pipes = Array<'pipe'>(9).fill('pipe');
  const child = spawn(programPath, ['-o', options, at], { stdio: ['ignore', ...pipes] });
  const ends = child.stdio.slice(1).map((pipe) => {
    (pipe as Readable).resume();
    return once(pipe as Readable, 'close');
  });
  t.strictSame(await once(child, 'exit'), [0, null]);
  t.equal(readFileSync(join(at, 'a'), 'utf8'), 'lower', 'it answers when the program has returned');
  await Promise.all(ends);
  t.ok(isMounted(at));
});

t.test('its parent is killed, and its terminal goes', needs(...mountNeeds, 'program:script'), async (t) => {
  for (const [what, before] of [
    ['killed', ['bash', '-c', '"$@"; kill -9 $$', 'bash']],
    ['a terminal that is closed', ['bash', '-c', 'script -qec "$(printf "%q " "$@")" /dev/null', 'bash']],
    [
      'a hangup of all that the terminal has',
      ['bash', '-c', `P=$1 O=$3 A=$4 script -qec '"$P" -o "$O" "$A"; kill -HUP 0' /dev/null`, 'bash'],
    ],
  ] as const) {
    const { at, options } = makePlace(t);
    await runProgram(['-o', options, at], { before });
    t.equal(readFileSync(join(at, 'a'), 'utf8'), 'lower', what);
    t.equal(serversOf(at).length, 1);
  }
});

t.test('unmounted lazily it ends after the last close', needs(...mountNeeds), async (t) => {
  const { at, upper, options } = makePlace(t);
  t.match(await runProgram(['-o', options, at]), { code: 0 });
  const held = openSync(join(at, 'new'), 'w+');
  const [server = 0] = serversOf(at);
  t.equal(spawnSync('umount', ['-l', at]).status, 0);
  writeFileSync(held, 'written later');
  t.strictSame(serversOf(at), [server], 'who has a file open goes on');
  closeSync(held);
  await until(() => serversOf(at).length === 0, 'the server ends');
  t.equal(readFileSync(join(upper, 'new'), 'utf8'), 'written later');
});

t.test('two calls for one target at once make one mount', needs(...mountNeeds), async (t) => {
  for (let round = 0; round < 3; round++) {
    const { at, options } = makePlace(t);
    const first = runProgram(['-o', options, at]);
    if (round > 0) await new Promise((resolve) => setTimeout(resolve, round * 100));
    const both = await Promise.all([first, runProgram(['-o', options, at])]);
    t.match(both, [
      { code: 0, stderr: '' },
      { code: 0, stderr: '' },
    ]);
    t.equal(mountsAt(at), 1);
    t.match(await runProgram(['-o', options, at]), { code: 0, stderr: '' }, 'and one that comes later');
    t.equal(mountsAt(at), 1);
    t.equal(spawnSync('umount', [at]).status, 0);
    await until(() => serversOf(at).length === 0, 'both have ended');
  }
});

t.test(
  'but not of other layers, with other options, at another place, or in front',
  needs(...mountNeeds),
  async (t) => {
    const { at, other, options } = makePlace(t);
    t.match(await runProgram(['-o', options, at]), { code: 0 });
    const inUse = { code: 1, stderr: /is in use by another mount/ };
    t.match(await runProgram(['-o', options, other]), inUse);
    t.match(await runProgram(['-o', options.replace('lowerdir=', `lowerdir=${other}:`), at]), inUse);
    t.match(await runProgram(['-f', '-o', options, at]), inUse);
    for (const more of [
      'ro',
      'noexec',
      'uidmapping=0:1000:1',
      'squash_to_root',
      'metacopy=off',
      'volatile',
    ]) {
      t.match(await runProgram(['-o', `${options},${more}`, at]), inUse, more);
    }
    t.match(await runProgram(['-o', `rw,${options},fsname=another`, at]), { code: 0, stderr: '' });
    t.equal(mountsAt(at), 1);
  },
);
