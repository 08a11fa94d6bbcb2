import t from 'tap';
import { needs } from '../fixtures/needs.ts';
import { baseNeeds } from './fixtures/extent.ts';
import { openPair } from './fixtures/pair.ts';
import { commonScenarios, compareStores } from './fixtures/scenario.ts';

t.setTimeout(1_800_000);
t.test(
  'podman and buildah as root: the same as with vfs',
  needs('root', 'fuse', 'build', 'program:podman', 'program:buildah', ...baseNeeds),
  async (t) => {
    const { subject, oracle } = await openPair(t, { asUser: false });
    await compareStores(
      t,
      [
        ...commonScenarios,
        { name: 'hard-links', title: 'hard links over layers', lines: 60 },
        { name: 'one-id', title: 'a user namespace of one id', lines: 20 },
      ],
      { subject, oracle },
    );
  },
);
