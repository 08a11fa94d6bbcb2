/** The data of a file whose metadata was copied up before, where the upper has no room for it, or nobody waits for it any more. */
import { execFileSync } from 'node:child_process';
import { statSync } from 'node:fs';
import t from 'tap';
import { makeScratch } from '../fixtures/mount.ts';
import { mountNeeds, needs } from '../fixtures/needs.ts';
import { shell } from './fixtures/shell.ts';

t.test('takes no room, and the file is as before', needs(...mountNeeds), async (t) => {
  const scratch = makeScratch(t);
  const small = scratch.directory('small');
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', small]);
  t.teardown(() => execFileSync('umount', ['-l', small]));
  const [lower, upper, work] = ['lower', 'small/upper', 'small/work'].map((name) =>
    scratch.directory(name),
  ) as [string, string, string];
  await shell(lower, 'head -c 20000000 /dev/zero | tr "\\0" x >big; touch -d @1000000000 big');
  const mount = await scratch.mount({ lower: [lower], upper, work });
  const script = `
    chmod 600 big
    if echo more >>big; then exit 1; fi
    stat -c '%a %s %Y' big; cmp big ${lower}/big`;
  t.match(await shell(mount.path, script), /No space left on device\n600 20000000 1000000000$/);
  t.equal(statSync(`${upper}/big`).blocks, 0);
  // There is room for others.
  await shell(mount.path, 'head -c 6000000 /dev/zero >other; sync other');
});

t.test('ended by a signal', needs(...mountNeeds), async (t) => {
  const below = makeScratch(t, { on: 'tmpfs' });
  const scratch = makeScratch(t);
  const [upper, work] = ['upper', 'work'].map((name) => scratch.directory(name)) as [string, string];
  await shell(below.path, 'head -c 600M /dev/zero | tr "\\0" x >big');
  const mount = await scratch.mount({ lower: [below.path], upper, work });
  const script = `
    chmod 600 big
    sh -c 'exec >>big' & child=$!
    for n in $(seq 1000); do [ $(stat -c %b ${upper}/big) -lt 1000 ] || break; sleep 0.01; done
    kill -9 $child; wait $child || echo $?`;
  t.match(await shell(mount.path, script), /137$/);
  // What its attributes take.
  t.ok(statSync(`${upper}/big`).blocks < 100);
  t.equal(await shell(mount.path, `cmp big ${below.path}/big && echo same`), 'same');
});
