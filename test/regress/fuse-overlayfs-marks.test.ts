/**
 * What fuse-overlayfs without privileges writes on directories: `user.fuseoverlayfs.opaque`. It hides what lies
 * below the layer that has it, and nothing else ever does so by that name.
 */
import { execFileSync } from 'node:child_process';
import t from 'tap';
import { mountNeeds, needs } from '../fixtures/needs.ts';
import { unionOptions, programPath } from '../fixtures/mount.ts';
import { makePlace, shell } from './fixtures/shell.ts';

const need = needs(...mountNeeds, 'program:setfattr');
const opaque = 'setfattr -n user.fuseoverlayfs.opaque -v y';

t.test('a directory of a lower layer keeps its content over its copy-up', need, async (t) => {
  const place = await makePlace(t, `mkdir d; echo 1 >d/file; ${opaque} d; setfattr -n user.other -v 1 d`);
  const first = await place.mount();
  await shell(first.path, 'touch d/new; chmod 700 d');
  await first.end();
  const { path } = await place.mount();
  t.equal(await shell(path, 'ls d; getfattr -n user.other --only-values d'), 'file\nnew\n1');
  t.notMatch(await shell(place.upper, 'getfattr -m - d'), /fuseoverlayfs/);
});

t.test('a client can neither see nor set one', need, async (t) => {
  const place = await makePlace(t, `mkdir d e; touch d/f; ${opaque} e`);
  const first = await place.mount();
  const refused = `for command in "${opaque} d" "setfattr -x user.fuseoverlayfs.opaque e"; do
      if $command; then echo "$command succeeds"; fi
    done; getfattr -m - d e`;
  const said = await shell(first.path, refused);
  t.match(said, /not permitted/);
  t.notMatch(said, /succeeds|^user/m);
  await first.end();
  const { path } = await place.mount();
  t.equal(await shell(path, 'ls d'), 'f');
});

t.test('an upper that it wrote goes on', need, async (t) => {
  const place = await makePlace(t, 'mkdir -p d/sub e; touch d/hidden d/sub/hidden');
  await shell(
    place.upper,
    `mkdir d; touch d/shown; ${opaque} d; setfattr -n user.fuseoverlayfs.origin -v d d`,
  );
  const first = await place.mount();
  t.equal(await shell(first.path, 'ls d; mv d e/d; ls e/d'), 'shown\nshown');
  await first.end();
  const again = await place.mount();
  t.equal(
    await shell(again.path, 'ls e/d; mv e/d d; rm d/shown; rmdir d; mkdir d; touch d/new; ls d'),
    'shown\nnew',
  );
});

t.test(
  'a settled upper shows the same to everybody',
  needs(...mountNeeds, 'overlayfs', 'program:setfattr'),
  async (t) => {
    const place = await makePlace(t, 'mkdir -p d/sub; touch d/hidden');
    await shell(place.upper, `mkdir -p d; touch d/shown; ${opaque} d`);
    const union = { lower: [place.lower], upper: place.upper, work: place.work };
    execFileSync(programPath, ['--settle', '-o', unionOptions(union)], { cwd: '/' });
    t.notMatch(await shell(place.upper, 'getfattr -m - d'), /fuseoverlayfs/);
    const kernels = await place.scratch.kernelOverlay(union);
    t.equal(await shell(kernels.path, 'ls d'), 'shown');
  },
);
