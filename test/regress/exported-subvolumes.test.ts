/**
 * `strata export` of a container, and of a volume, left out subvolumes of btrfs that had been made in there, without a word. And
 * it told of an error without a name where the reader of its output had gone.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import t from 'tap';
import { exportDirectory } from '../../src/run/volume-archive.ts';
import { containerNeeds, makeStrata, programPath } from '../cli/fixtures/strata.ts';
import { needs } from '../fixtures/needs.ts';
import { makeStage, mountBtrfs, shell } from '../store/fixtures/stage.ts';

t.test('subvolumes and mounts', needs('root', 'program:mkfs.btrfs', 'program:tar'), async (t) => {
  const stage = makeStage(t);
  const tree = `${mountBtrfs(stage)}/tree`;
  mkdirSync(tree);
  shell(tree, 'btrfs -q subvolume create sub; btrfs -q subvolume create sub/deep; touch sub/a sub/deep/b');
  shell(tree, "mkdir 'm*[t]' m; touch m/kept; mount -t tmpfs none 'm*[t]'; touch 'm*[t]/hidden'");
  try {
    await exportDirectory(tree, `${stage.path}/tar`);
  } finally {
    shell(tree, "umount 'm*[t]'");
  }
  const names = execFileSync('tar', ['-tf', `${stage.path}/tar`], { encoding: 'utf8' })
    .trim()
    .split('\n');
  t.strictSame(names.sort(), [
    './',
    './m*[t]/',
    './m/',
    './m/kept',
    './sub/',
    './sub/a',
    './sub/deep/',
    './sub/deep/b',
  ]);
});

t.test('a reader that goes', needs(...containerNeeds, 'program:tar'), (t) => {
  const { get, root } = makeStrata(t);
  get('create', '--name', 'one', 'base', 'true');
  const { status, stdout, stderr } = spawnSync(
    'bash',
    ['-c', '"$1" export one | head -c 1 >/dev/null; echo "${PIPESTATUS[0]}"', 'bash', programPath],
    { encoding: 'utf8', env: { ...process.env, STRATA_ROOT: root } },
  );
  t.strictSame([status, stdout, stderr], [0, '0\n', '']);
  t.end();
});
