/**
 * git on a tree that has just been unpacked by the machine's git, and on one that lies in a lower layer
 * by the git of the mounted root.
 */
import { join } from 'node:path';
import { run, timeCommand } from '../../child.ts';
import type { Fixtures } from '../../fixture.ts';
import { gitTree } from '../../fixtures/projects.ts';
import { rootLayers } from '../../fixtures/root-layers.ts';
import type { Trial, Workload } from '../../workload.ts';
import { expectSame } from '../expect.ts';
import { timeJob } from './job.ts';

const environment = {
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_SYSTEM: '/dev/null',
  GIT_AUTHOR_NAME: 'a',
  GIT_AUTHOR_EMAIL: 'a@example.org',
  GIT_COMMITTER_NAME: 'a',
  GIT_COMMITTER_EMAIL: 'a@example.org',
  HOME: '/nonexistent',
};

const commit = {
  group: 'jobs',
  unit: 'ms',
  needs: ['git'],
  lowers: (fixtures: Fixtures) => fixtures.small(),
  prepare: ({ root, fixtures }: Trial) => {
    const repository = join(root, 'directory');
    run(['tar', '-xf', fixtures.archive(7_000), '-C', repository]);
    run(['git', 'init', '-q', '-b', 'main', repository], { env: environment });
    run(['git', '-C', repository, 'config', 'gc.auto', '0'], { env: environment });
    run(['git', '-C', repository, 'config', 'maintenance.auto', 'false'], { env: environment });
  },
  run: ({ root, fixtures }: Trial) => {
    const there = { cwd: join(root, 'directory'), env: environment };
    const took = timeCommand(['sh', '-ec', 'git add -A; git commit -q -m all'], there);
    const committed = run(['git', 'ls-tree', '-r', '-z', '--name-only', 'HEAD'], there).split('\0');
    expectSame('committed', committed.length - 1, fixtures.scaled(7_000));
    return took;
  },
} as const;

const exportAll = Object.entries(environment).map(([name, value]) => `export ${name}=${value};`);
const inTree = `${exportAll.join(' ')} cd /srv/tree;`;

export const gitJobs: readonly Workload[] = [
  { ...commit, name: 'git-commit', storage: 'disk', thresholds: [{ within: 1.4, peer: 'overlay' }] },
  { ...commit, name: 'git-commit-memory', storage: 'memory', thresholds: [{ within: 3, peer: 'overlay' }] },
  {
    name: 'git-lower-tree',
    group: 'jobs',
    unit: 'ms',
    storage: 'disk',
    needs: ['git'],
    lowers: (fixtures) => [gitTree(fixtures), ...rootLayers(fixtures)],
    run: (trial) =>
      timeJob(trial, {
        script: `${inTree} git init -q -b main; git config gc.auto 0; git add -A; git commit -q -m all; git status`,
        check: `${inTree} git ls-tree -r -z --name-only HEAD | tr -dc '\\000' | wc -c; git status --porcelain`,
        expected: String(trial.fixtures.scaled(4_000)),
      }),
    thresholds: [],
  },
];
