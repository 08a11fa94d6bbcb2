/**
 * Work on many small files: unpacking, git, creating and deleting, removing lower files. On disk the
 * file system below takes part of the time; in memory what the union adds stands alone.
 */
import { join } from 'node:path';
import { run, timeCommand, timePerl } from '../child.ts';
import type { Fixtures } from '../fixture.ts';
import type { Threshold, Trial, Workload } from '../workload.ts';

const gitEnv = {
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_SYSTEM: '/dev/null',
  GIT_AUTHOR_NAME: 'a',
  GIT_AUTHOR_EMAIL: 'a@example.org',
  GIT_COMMITTER_NAME: 'a',
  GIT_COMMITTER_EMAIL: 'a@example.org',
  HOME: '/nonexistent',
};

function unpack(trial: Trial, files: number, target: string): readonly string[] {
  return ['tar', '-xf', trial.fixtures.archive(files), '-C', join(trial.root, target)];
}

const untar = {
  group: 'many files',
  unit: 'ms',
  lowers: (fixtures: Fixtures) => fixtures.small(),
  prepare: (trial: Trial) => {
    run(['cat', trial.fixtures.archive(11_000)]);
  },
  run: (trial: Trial) => timeCommand(unpack(trial, 11_000, 'directory')),
} as const;

const gitCommit = {
  group: 'many files',
  unit: 'ms',
  lowers: (fixtures: Fixtures) => fixtures.small(),
  prepare: (trial: Trial) => {
    run(unpack(trial, 7_000, 'directory'));
    const repository = join(trial.root, 'directory');
    run(['git', 'init', '-q', '-b', 'main', repository], { env: gitEnv });
    run(['git', '-C', repository, 'config', 'gc.auto', '0'], { env: gitEnv });
    run(['git', '-C', repository, 'config', 'maintenance.auto', 'false'], { env: gitEnv });
  },
  run: ({ root }: Trial) =>
    timeCommand(['sh', '-ec', 'git add -A; git commit -q -m all'], {
      cwd: join(root, 'directory'),
      env: gitEnv,
    }),
} as const;

const createDelete = {
  group: 'many files',
  unit: 'ms',
  lowers: (fixtures: Fixtures) => fixtures.small(),
  run: ({ root }: Trial) =>
    timePerl(
      `my $data = 'x' x 4096;
       print stopwatch {
         for (1 .. 3000) {
           open my $f, '>', "$ARGV[0]/new-$_" or die "$!";
           syswrite $f, $data; close $f or die "$!";
         }
         for (1 .. 3000) { unlink "$ARGV[0]/new-$_" or die "$!" }
       };`,
      [join(root, 'directory')],
    ),
} as const;

const onDisk: readonly Threshold[] = [{ within: 1.4, peer: 'overlay' }];
const inMemory: readonly Threshold[] = [{ within: 3, peer: 'overlay' }];

export const manyFileWorkloads: readonly Workload[] = [
  { ...untar, name: 'untar', storage: 'disk', thresholds: onDisk },
  { ...gitCommit, name: 'git-commit', storage: 'disk', thresholds: onDisk },
  { ...untar, name: 'untar-memory', storage: 'memory', thresholds: inMemory },
  { ...gitCommit, name: 'git-commit-memory', storage: 'memory', thresholds: inMemory },
  { ...createDelete, name: 'create-delete', storage: 'disk', thresholds: inMemory },
  { ...createDelete, name: 'create-delete-memory', storage: 'memory', thresholds: inMemory },
  {
    name: 'remove-lower',
    group: 'many files',
    unit: 'ms',
    storage: 'disk',
    lowers: (fixtures) => fixtures.manyFiles(),
    beforeMount: (fixtures) => {
      for (const layer of fixtures.manyFiles()) run(['find', layer, '-size', '+1000G']);
    },
    run: ({ root }) => timeCommand(['rm', '-rf', join(root, 'usr')]),
    thresholds: [
      { timesAsFast: 5, peer: 'fuse-overlayfs' },
      { within: 2.5, peer: 'overlay' },
    ],
  },
];
