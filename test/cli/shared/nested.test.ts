/**
 * A mount whose layers or mount point lie on a mount has a process of its own: one that asks itself waits for ever.
 */
import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { isMounted } from '../../fixtures/mount.ts';
import { mountNeeds, needs } from '../../fixtures/needs.ts';
import { runProgram, serversOf } from '../fixtures/program.ts';
import { findShared, makePlace, umount } from './fixtures/shared.ts';

const run = promisify(execFile);

t.test('layers and mount points on a mount of the process', needs(...mountNeeds, 'overlayfs'), async (t) => {
  const place = makePlace(t);
  const one = place.union();
  t.equal((await place.mount(one)).code, 0);
  mkdirSync(join(one.at, 'inside/deep'), { recursive: true });
  writeFileSync(join(one.at, 'inside/deep/a'), 'deep');
  const bound = place.scratch.directory('bound');
  const overlay = place.scratch.directory('overlay');
  const other = place.scratch.directory('other');
  const covered = place.scratch.directory('covered/inside');
  await run('mount', ['--bind', join(one.at, 'inside'), bound]);
  await run('mount', ['-t', 'overlay', 'overlay', '-o', `lowerdir=${bound}/deep:${other}`, overlay]);
  t.teardown(async () => {
    for (const at of [overlay, bound]) if (isMounted(at)) await umount(at, ['-l']);
  });
  const link = join(place.scratch.path, 'link');
  symlinkSync(join(one.at, 'inside'), link);
  const lowers = {
    'the mount': `${one.at}/inside/deep`,
    'a symbolic link': `${link}/deep`,
    'a bind mount': `${bound}/deep`,
    overlayfs: overlay,
  };
  for (const [what, lower] of Object.entries(lowers)) {
    const { at } = place.union();
    const outcome = await runProgram(['-o', `lowerdir=${lower}:${other},shared`, at]);
    t.match(outcome, { code: 0, stderr: '' }, what);
    t.equal(readFileSync(join(at, 'a'), 'utf8'), 'deep');
    t.equal(serversOf(at).length, 1, 'it has its own process');
    await umount(at);
  }
  const at = join(one.at, 'inside/deep');
  t.match(await runProgram(['-o', `lowerdir=${other}:${covered},shared`, at]), { code: 0, stderr: '' });
  t.equal(serversOf(at).length, 1, 'a mount point in it');
  await umount(at);
  t.type(await findShared(), 'number');
});

t.test('a mount above a mount of the process', needs(...mountNeeds), async (t) => {
  const place = makePlace(t);
  const one = place.union();
  t.equal((await place.mount(one)).code, 0);
  const outcome = await runProgram([
    '-o',
    `lowerdir=${place.scratch.directory('lower')}:${place.scratch.directory('more')},shared`,
    place.scratch.path,
  ]);
  t.match(outcome, { code: 0, stderr: '' });
  t.equal(serversOf(place.scratch.path).length, 1);
  await umount(place.scratch.path);
});
