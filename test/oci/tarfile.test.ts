/** Python's tarfile reads what we write, and we read what it writes. It knows no attributes. */
import { readFileSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { needs } from '../fixtures/needs.ts';
import { makeScratch } from '../fixtures/mount.ts';
import { buildTree, differences, tarOf, unpack, type TreeObject } from './fixtures/layers.ts';
import { pythonPack, pythonUnpack, type PythonFormat } from './fixtures/programs.ts';
import { longSample, ustarSample } from './fixtures/sample.ts';

const needed = needs('root', 'program:python3');
const holds: Readonly<Record<PythonFormat, readonly TreeObject[]>> = {
  ustar: ustarSample,
  gnu: longSample,
  pax: longSample,
};

for (const format of Object.keys(holds) as PythonFormat[]) {
  t.test(`reads ${format}`, needed, async (t) => {
    const scratch = makeScratch(t);
    const tree = scratch.directory('tree');
    buildTree(tree, holds[format]);
    await pythonPack(format, tree, `${scratch.path}/tar`);
    const back = scratch.directory('back');
    await unpack(readFileSync(`${scratch.path}/tar`), back);
    t.same(differences(tree, back), []);
  });
}

t.test('tarfile reads what we write', needed, async (t) => {
  const scratch = makeScratch(t);
  const tree = scratch.directory('tree');
  buildTree(tree, longSample);
  writeFileSync(`${scratch.path}/tar`, (await tarOf(tree)).bytes);
  const back = scratch.directory('back');
  await pythonUnpack(`${scratch.path}/tar`, back);
  // It leaves the times of symbolic links as they come.
  const lines = differences(tree, back).filter((line) => !/^(bin\/sh|long-link): mtime [^;]*$/.test(line));
  t.same(lines, []);
});
