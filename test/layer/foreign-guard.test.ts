/** An upper that fuse-overlayfs would misread is one that it does not mount. */
import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import t from 'tap';
import { isMounted, programPath, unionOptions } from '../fixtures/mount.ts';
import { mountNeeds, needs } from '../fixtures/needs.ts';
import { makePlace, shell, type Place } from '../regress/fixtures/shell.ts';

const need = needs(...mountNeeds, 'overlayfs', 'program:fuse-overlayfs');
const lower = 'mkdir -p dir/sub kept; echo data >f; echo in >dir/sub/in; echo g >g; ln g h';
const changes = 'chmod 600 f; mv dir moved; echo G >>g; touch new';
const tree = 'find . -mindepth 1 -type f | sort; cat f g';

/** What fuse-overlayfs shows, or the error that it ends with. */
async function shownByFuseOverlayfs(place: Place): Promise<string> {
  const at = place.scratch.directory('theirs');
  const union = { lower: [place.lower], upper: place.upper, work: place.work };
  const done = spawnSync('fuse-overlayfs', ['-o', unionOptions(union), at], { encoding: 'utf8' });
  if (!isMounted(at)) return `refused: ${done.stderr}`;
  try {
    return await shell(at, tree);
  } finally {
    execFileSync('umount', [at]);
  }
}

t.test('it is refused, also after a crash, until it is settled', need, async (t) => {
  const place = await makePlace(t, lower);
  const first = await place.mount();
  await shell(first.path, changes);
  const wanted = await shell(first.path, tree);
  t.match(wanted, /moved\/sub\/in/);
  first.kill('SIGKILL');
  await first.exited;
  await first.unmount();
  t.match(await shownByFuseOverlayfs(place), /^refused: /, 'after a crash');
  const again = await place.mount();
  await again.end();
  t.match(await shownByFuseOverlayfs(place), /^refused: /);
  const union = { lower: [place.lower], upper: place.upper, work: place.work };
  execFileSync(programPath, ['--settle', '-o', unionOptions(union)], { cwd: '/' });
  t.equal(await shownByFuseOverlayfs(place), wanted);
});

t.test('the kernel mounts it with the same options all the same', need, async (t) => {
  const place = await makePlace(t, lower);
  const first = await place.mount();
  await shell(first.path, changes);
  const wanted = await shell(first.path, tree);
  await first.end();
  const kernels = await place.scratch.kernelOverlay({
    ...{ lower: [place.lower], upper: place.upper, work: place.work },
    options: ['metacopy=on', 'redirect_dir=on', 'index=on', 'xino=auto'],
  });
  t.equal(await shell(kernels.path, tree), wanted);
  await kernels.unmount();
  const below = await place.scratch.mount({ lower: [place.upper, place.lower] });
  t.equal(await shell(below.path, tree), wanted, 'as a lower layer its root hides nothing');
});

t.test('one that is plain is not marked', need, async (t) => {
  const place = await makePlace(t, lower);
  const plain = ['metacopy=off', 'redirect_dir=off', 'index=off'];
  const first = await place.mount(plain);
  await shell(first.path, 'chmod 600 f; touch new; rm h');
  const wanted = await shell(first.path, tree);
  await first.end();
  t.equal(await shownByFuseOverlayfs(place), wanted);
  t.equal(await shell(join(place.upper, '.'), 'getfattr -m trusted.overlay.opaque . 2>/dev/null'), '');
});
