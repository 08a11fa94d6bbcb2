/**
 * Random uppers over three layers, of which the middle one was an upper before: settled, cut off somewhere on
 * the way and settled again, they show the same tree as before to a kernel that is told no options.
 */
import { mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import t, { type Test } from 'tap';
import { CrashError, createFaultyFs } from '../../src/os/faulty-fs.ts';
import { RealFs } from '../../src/os/real-fs.ts';
import { needs } from '../fixtures/needs.ts';
import { snapshotTree, treeDifferences, type Tree, type TreeRecord } from '../fixtures/tree.ts';
import { allOn, makeLayers, removeLayers, whileMounted, type Layers } from './fixtures/kernel-overlay.ts';
import { fillLowers, operations, type Operation } from './fixtures/random-tree.ts';
import { lasting, leftMarks, movedTimes, settleLayers, written } from './fixtures/settle-layers.ts';

const need = needs('root', 'overlayfs', 'program:setcap', 'program:setfacl', 'program:setfattr');
/** Of all random sequences; the seed is in the message of a failure. */
const runs = Number(process.env.STRATA_SETTLE_RUNS ?? '20');

interface Case {
  readonly middle: readonly Operation[];
  readonly upper: readonly Operation[];
  /** Whether the middle layer was settled itself. Otherwise the kernel needs its options still. */
  readonly isMiddlePlain: boolean;
  /** The call at which the settling is cut off; there may be fewer. */
  readonly at: number;
  readonly how: 'crash' | 'ENOSPC' | 'EIO';
}

const cases = fc.record({
  middle: operations,
  upper: operations,
  isMiddlePlain: fc.boolean(),
  at: fc.integer({ min: 1, max: 4000 }),
  how: fc.constantFrom('crash', 'ENOSPC', 'EIO'),
}) satisfies fc.Arbitrary<Case>;

/** Counts the names that are there: the kernel counts those of a lower inode that other layers hide, too. */
function withOwnCounts(tree: Tree): Tree {
  const counts = new Map<string, number>();
  for (const { sameAs } of tree.values()) {
    if (sameAs !== undefined) counts.set(sameAs, (counts.get(sameAs) ?? 0) + 1);
  }
  return new Map(
    Array.from(tree, ([path, record]): [string, TreeRecord] => {
      const nlink = counts.get(record.sameAs ?? '') ?? 1;
      return [path, { ...record, nlink, sameAs: nlink > 1 ? (record.sameAs ?? '') : '' }];
    }),
  );
}

/** The layers, with an empty upper. */
async function makeThree(test: Test, one: Case): Promise<Layers> {
  const layers = makeLayers(test, 3, 'tmpfs');
  const [top = '', middle = '', bottom = ''] = layers.lowers;
  fillLowers(top, bottom);
  // The kernel lists a whiteout where the middle layer has no such directory for it to hide something in.
  rmSync(join(top, 'a/b2'));
  // Where a layer was written matters as little as where it lies.
  written(new RealFs(), { ...layers, lowers: [bottom] }, one.middle);
  if (one.isMiddlePlain) await settleLayers(new RealFs(), { ...layers, lowers: [bottom] });
  rmSync(middle, { recursive: true });
  renameSync(layers.upper, middle);
  rmSync(layers.work, { recursive: true });
  for (const path of [layers.upper, layers.work]) mkdirSync(path);
  return layers;
}

async function problemsOf(test: Test, one: Case): Promise<string[]> {
  const fs = new RealFs();
  const layers = await makeThree(test, one);
  const below = layers.lowers.map((path) => snapshotTree(fs, path, { ignoreXattrs: [] }));
  const before = written(fs, layers, one.upper);
  const problems: string[] = [];
  const faulty = createFaultyFs(fs);
  faulty.arm({ at: one.at, with: one.how });
  try {
    await settleLayers(faulty.fs, layers);
  } catch (error) {
    if (!faulty.struck || (one.how === 'crash' && !(error instanceof CrashError))) throw error;
    if (one.how !== 'crash' && faulty.open.size > 0) problems.push('a descriptor is left open');
    faulty.closeAll();
    const between = whileMounted(layers, allOn, (merged) => snapshotTree(fs, merged));
    for (const line of treeDifferences(lasting(before), lasting(between))) problems.push(`between: ${line}`);
    const moved = movedTimes(before, between);
    if (moved > 1) problems.push(`between: times of ${String(moved)} objects are not put back`);
    await settleLayers(fs, layers);
  }
  problems.push(...leftMarks(fs, layers.upper));
  const options = one.isMiddlePlain ? 'redirect_dir=nofollow,metacopy=off,index=off' : allOn;
  const after = whileMounted(layers, options, (merged) => snapshotTree(fs, merged));
  problems.push(...treeDifferences(withOwnCounts(before), withOwnCounts(after)));
  for (const [i, tree] of below.entries()) {
    const now = snapshotTree(fs, layers.lowers[i] ?? '', { ignoreXattrs: [] });
    problems.push(...treeDifferences(tree, now).map((line) => `lower ${String(i)}: ${line}`));
  }
  removeLayers(layers.root);
  return problems;
}

t.test('random uppers over a former upper', need, async (t) => {
  const property = fc.asyncProperty(cases, async (one) => {
    const problems = await problemsOf(t, one);
    if (problems.length > 0) throw new Error(problems.join('\n'));
  });
  await fc.assert(property, { numRuns: runs });
  t.pass(`${String(runs)} random uppers`);
});
