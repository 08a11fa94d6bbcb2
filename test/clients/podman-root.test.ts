import t from 'tap';
import { needs } from '../fixtures/needs.ts';
import { openPair } from './fixtures/pair.ts';
import { compareStores } from './fixtures/scenario.ts';

t.setTimeout(1_800_000);
t.test(
  'podman and buildah as root: the same as with vfs',
  needs('root', 'fuse', 'build', 'program:podman', 'program:buildah', 'program:debootstrap'),
  async (t) => {
    const { subject, oracle } = await openPair(t, { asUser: false });
    await compareStores(
      t,
      [
        { name: 'build', title: 'build', lines: 8000 },
        { name: 'run-and-commit', title: 'run, diff, commit', lines: 100 },
        { name: 'files-in-and-out', title: 'cp, exec, mount, export, save, load', lines: 5000 },
        { name: 'volumes', title: 'volumes, binds, image mounts', lines: 100 },
        { name: 'buildah', title: 'buildah', lines: 150 },
        { name: 'hard-links', title: 'hard links over layers', lines: 30 },
        { name: 'id-range', title: 'a range of ids', lines: 30 },
        { name: 'one-id', title: 'a user namespace of one id', lines: 30 },
      ],
      { subject, oracle },
    );
  },
);
