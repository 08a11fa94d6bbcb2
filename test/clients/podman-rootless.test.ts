import t from 'tap';
import { needs } from '../fixtures/needs.ts';
import { baseNeeds } from './fixtures/extent.ts';
import { openPair } from './fixtures/pair.ts';
import { commonScenarios, compareStores } from './fixtures/scenario.ts';

const need = needs(
  ...(['root', 'fuse', 'build', 'program:podman', 'program:buildah', 'program:newuidmap'] as const),
  ...baseNeeds,
);
t.setTimeout(1_800_000);
t.test('podman and buildah of an ordinary user: the same as with vfs', need, async (t) => {
  const { subject, oracle } = await openPair(t, { asUser: true });
  await compareStores(t, [...commonScenarios, { name: 'keep-id', title: 'keep-id', lines: 30 }], {
    subject,
    oracle,
  });
});

// Without an index the names of a lower file come apart, as with fuse-overlayfs, and of an ordinary user it is off unless told.
t.test('with an index names of one file stay together', need, async (t) => {
  const stores = await openPair(t, { asUser: true, mountOptions: 'index=on' });
  await compareStores(t, [{ name: 'hard-links', title: 'hard links over layers', lines: 60 }], stores);
});
