/**
 * `strata volume export` left out what was mounted on a directory of the volume, and wrote what was mounted on a file, which is
 * none of the volume's.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import t from 'tap';
import { exportDirectory } from '../../src/run/volume-archive.ts';
import { needs } from '../fixtures/needs.ts';
import { makeStage, shell } from '../store/fixtures/stage.ts';

t.test('a file that is mounted in a volume', needs('root', 'program:tar'), async (t) => {
  const { path } = makeStage(t);
  const tree = `${path}/tree`;
  mkdirSync(tree);
  shell(
    tree,
    "echo secret >../secret; mkdir m; touch kept m/kept 'm/f*' m/fa; mount --bind ../secret 'm/f*'",
  );
  shell(tree, 'mkdir sub; mount --bind m sub');
  try {
    await exportDirectory(tree, `${path}/tar`);
  } finally {
    shell(tree, "umount sub 'm/f*'");
  }
  const names = execFileSync('tar', ['-tf', `${path}/tar`], { encoding: 'utf8' });
  t.strictSame(names.trim().split('\n').sort(), ['./', './kept', './m/', './m/fa', './m/kept', './sub/']);
});
