import t from 'tap';
import { needs } from '../fixtures/needs.ts';
import { openPair } from './fixtures/pair.ts';
import { compareStores } from './fixtures/scenario.ts';

const need = needs(
  ...(['root', 'fuse', 'build', 'program:podman', 'program:buildah'] as const),
  ...(['program:newuidmap', 'program:debootstrap'] as const),
);
t.setTimeout(1_800_000);
t.test('podman and buildah of an ordinary user: the same as with vfs', need, async (t) => {
  const { subject, oracle } = await openPair(t, { asUser: true });
  await compareStores(
    t,
    [
      { name: 'build', title: 'build', lines: 8000 },
      { name: 'run-and-commit', title: 'run, diff, commit', lines: 100 },
      { name: 'files-in-and-out', title: 'cp, exec, mount, export, save, load', lines: 5000 },
      { name: 'volumes', title: 'volumes, binds, image mounts', lines: 100 },
      { name: 'buildah', title: 'buildah', lines: 150 },
      { name: 'keep-id', title: 'keep-id', lines: 30 },
      { name: 'id-range', title: 'a range of ids', lines: 30 },
    ],
    { subject, oracle },
  );
});

// Without an index the names of a lower file come apart, as with fuse-overlayfs, and of an ordinary user it is off unless told.
t.test('with an index names of one file stay together', need, async (t) => {
  const stores = await openPair(t, { asUser: true, mountOptions: 'index=on' });
  await compareStores(t, [{ name: 'hard-links', title: 'hard links over layers', lines: 30 }], stores);
});
