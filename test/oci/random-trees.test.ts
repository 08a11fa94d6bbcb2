/**
 * Random trees through our codec alone, and with GNU tar and Python's tarfile at the other end. STRATA_TAR_RUNS says
 * how many of each; a failure prints the seed and the smallest tree, STRATA_TAR_SEED plays one again.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import fc from 'fast-check';
import t, { type Test } from 'tap';
import { nameToText } from '../../src/base/name.ts';
import { needs } from '../fixtures/needs.ts';
import { makeScratch } from '../fixtures/mount.ts';
import { buildTree, differences, tarOf, unpack, type TreeObject } from './fixtures/layers.ts';
import { gnuPack, gnuUnpack, pythonPack, pythonUnpack } from './fixtures/programs.ts';
import { randomTree, type Abilities } from './fixtures/random-trees.ts';

const runs = Number(process.env.STRATA_TAR_RUNS ?? '40');
const seed = process.env.STRATA_TAR_SEED;

interface Dirs {
  readonly tree: string;
  readonly back: string;
  readonly archive: string;
}

/** `act` answers what differs. */
async function play(
  t: Test,
  abilities: Abilities,
  act: (dirs: Dirs, objects: readonly TreeObject[]) => Promise<readonly string[]>,
): Promise<void> {
  const scratch = makeScratch(t, { on: 'tmpfs' });
  let counter = 0;
  await fc.assert(
    fc.asyncProperty(randomTree(abilities), async (objects) => {
      const place = `run-${String(++counter)}`;
      const tree = scratch.directory(`${place}/tree`);
      buildTree(tree, objects);
      const dirs = {
        tree,
        back: scratch.directory(`${place}/back`),
        archive: `${scratch.path}/${place}/tar`,
      };
      const lines = await act(dirs, objects);
      if (lines.length > 0) throw new Error(lines.join('\n'));
    }),
    { numRuns: runs, ...(seed === undefined ? {} : { seed: Number(seed) }) },
  );
  t.pass(`${String(counter)} trees`);
}

t.test('there and back, and the same tar again', needs('root'), async (t) => {
  await play(t, { xattrs: true, links: 'all' }, async ({ tree, back }) => {
    const { bytes, result } = await tarOf(tree);
    const read = await unpack(bytes, back, {}, 1 + (bytes.length % 5000));
    if (read.diffId !== result.diffId) return ['the digests differ'];
    if (!(await tarOf(back)).bytes.equals(bytes)) return ['the tars differ'];
    return differences(tree, back);
  });
});

t.test('ours to GNU tar', needs('root', 'program:tar'), async (t) => {
  await play(t, { xattrs: true, links: 'all' }, async ({ tree, back, archive }) => {
    writeFileSync(archive, (await tarOf(tree)).bytes);
    await gnuUnpack(archive, back);
    return differences(tree, back);
  });
});

t.test("GNU tar's to us", needs('root', 'program:tar'), async (t) => {
  await play(t, { xattrs: true, links: 'files' }, async ({ tree, back, archive }, objects) => {
    const format = objects.length % 2 === 0 ? 'posix' : 'gnu';
    const more = format === 'gnu' ? ['--sparse'] : ['--xattrs', '--xattrs-include=*'];
    await gnuPack(format, tree, archive, ...more);
    await unpack(readFileSync(archive), back);
    return differences(tree, back, format === 'gnu' ? ['user.', 'trusted.'] : []);
  });
});

/** It leaves the times of symbolic links as they come. */
function butForLinkTimes(lines: readonly string[], objects: readonly TreeObject[]): string[] {
  const beginnings = objects
    .filter(({ type }) => type === 'symlink')
    .map(({ path }) => `${nameToText(path)}: mtime `);
  return lines.filter(
    (line) => !beginnings.some((begin) => line.startsWith(begin) && !line.includes(';', begin.length)),
  );
}

t.test("ours to Python's tarfile", needs('root', 'program:python3'), async (t) => {
  await play(t, { xattrs: false, links: 'files' }, async ({ tree, back, archive }, objects) => {
    writeFileSync(archive, (await tarOf(tree)).bytes);
    await pythonUnpack(archive, back);
    return butForLinkTimes(differences(tree, back), objects);
  });
});

t.test("Python's tarfile's to us", needs('root', 'program:python3'), async (t) => {
  await play(t, { xattrs: false, links: 'files' }, async ({ tree, back, archive }, objects) => {
    await pythonPack(objects.length % 2 === 0 ? 'pax' : 'gnu', tree, archive);
    await unpack(readFileSync(archive), back);
    return differences(tree, back);
  });
});
