import t from 'tap';
import { needs } from '../fixtures/needs.ts';
import { baseNeeds } from './fixtures/extent.ts';
import { startDocker } from './fixtures/docker-store.ts';
import { openHost } from './fixtures/host.ts';
import { baseTree } from './fixtures/base-tree.ts';
import { compareStores } from './fixtures/scenario.ts';

t.setTimeout(1_800_000);
t.test(
  'dockerd, with the driver fuse-overlayfs: the same as with vfs',
  needs('root', 'fuse', 'build', 'program:dockerd', 'program:docker', ...baseNeeds),
  async (t) => {
    const host = await openHost();
    t.teardown(() => host.close());
    const base = await baseTree(host);
    const oracle = await startDocker(host, { driver: 'vfs', base });
    const subject = await startDocker(host, { driver: 'fuse-overlayfs', base });
    await compareStores(
      t,
      [{ name: 'docker', title: 'build, run, diff, commit, cp, export, save, load, volumes', lines: 400 }],
      { subject, oracle },
    );
    await subject.stop();
    await oracle.stop();
    const look = 'grep -F "$1/" /proc/self/mountinfo | grep fuse.stratafs || :';
    t.equal(await host.run(['sh', '-euc', look, 'sh', host.path]), '', 'nothing is left mounted');
  },
);
