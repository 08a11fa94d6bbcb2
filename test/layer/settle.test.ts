/**
 * An upper that the kernel wrote with all options on must show the same tree without them, once it is
 * settled, and at every moment of a settling that was cut off.
 */
import { readdirSync } from 'node:fs';
import * as fc from 'fast-check';
import t from 'tap';
import { settle } from '../../src/layer/settle.ts';
import { overlayNames } from '../../src/layer/xattr-names.ts';
import { CrashError, createFaultyFs } from '../../src/os/faulty-fs.ts';
import type { HostFs } from '../../src/os/host-fs.ts';
import { RealFs } from '../../src/os/real-fs.ts';
import { needs } from '../fixtures/needs.ts';
import { snapshotTree, treeDifferences, type Tree, type TreeRecord } from '../fixtures/tree.ts';
import { allOff, allOn, makeLayers, openDir, whileMounted, type Layers } from './fixtures/kernel-overlay.ts';
import { apply, fillLowers, operations, type Operation } from './fixtures/random-tree.ts';

const need = needs('root', 'overlayfs', 'program:setcap', 'program:setfacl', 'program:setfattr');
const names = overlayNames(false);
const marks = ['redirect', 'metacopy', 'origin', 'nlink', 'impure', 'settle'];
/** Of all random sequences; the seed is in the message of a failure. */
const runs = Number(process.env['STRATA_SETTLE_RUNS'] ?? '25');
/** Every how many calls a settling is cut off. */
const stride = Number(process.env['STRATA_SETTLE_STRIDE'] ?? '13');

async function settleLayers(fs: HostFs, layers: Layers): Promise<void> {
  const real = new RealFs();
  const open = [...layers.lowers, layers.upper, layers.work].map((path) => openDir(real, path));
  try {
    const lowers = open.slice(0, -2);
    const [upper, work] = open.slice(-2);
    if (upper === undefined || work === undefined) throw new Error('no layers');
    await settle(fs, { lowers, upper, work, names });
  } finally {
    for (const fd of open) real.close(fd);
  }
}

/** Marks in an upper that a plain one does not have. */
function leftMarks(fs: HostFs, upper: string): string[] {
  const found: string[] = [];
  for (const [path, record] of snapshotTree(fs, upper, { ignoreXattrs: [] })) {
    for (const mark of marks) if (`trusted.overlay.${mark}` in record.xattrs) found.push(`${path}: ${mark}`);
  }
  return found;
}

function written(fs: HostFs, layers: Layers, list: readonly Operation[]): Tree {
  whileMounted(layers, allOn, (merged) => {
    for (const operation of list) apply(merged, operation);
  });
  return whileMounted(layers, allOn, (merged) => snapshotTree(fs, merged));
}

function withoutNlink(tree: Tree): Tree {
  return new Map(
    Array.from(tree, ([path, record]): [string, TreeRecord] => {
      const { nlink: _nlink, sameAs: _sameAs, ...rest } = record;
      return [path, rest];
    }),
  );
}

t.test('random uppers of the kernel', need, async (t) => {
  const fs = new RealFs();
  await fc.assert(
    fc.asyncProperty(operations, async (list) => {
      const layers = makeLayers(t, 2);
      const [top = '', bottom = ''] = layers.lowers;
      fillLowers(top, bottom);
      const below = [top, bottom].map((path) => snapshotTree(fs, path));
      const before = written(fs, layers, list);
      await settleLayers(fs, layers);
      // A mount with any options sets origins anew.
      const left = leftMarks(fs, layers.upper);
      const after = whileMounted(layers, allOff, (merged) => snapshotTree(fs, merged));
      const problems = [...treeDifferences(before, after), ...left];
      for (const [i, tree] of below.entries()) {
        problems.push(...treeDifferences(tree, snapshotTree(fs, layers.lowers[i] ?? '')));
      }
      if (problems.length > 0) throw new Error(problems.join('\n'));
    }),
    { numRuns: runs },
  );
  t.pass(`${String(runs)} random uppers`);
});

/** Every kind of work that settling has. */
const busy: readonly Operation[] = Array.from({ length: 60 }, (_, i) => ({
  kind:
    (['rename', 'chmod', 'rename', 'unlink', 'chown', 'link', 'create', 'utimes'] as const)[i % 8] ??
    'rename',
  subject: i * 37 + 11,
  target: i * 53 + 5,
}));

t.test('settled again, nothing changes', need, async (t) => {
  const fs = new RealFs();
  const layers = makeLayers(t, 2);
  fillLowers(layers.lowers[0] ?? '', layers.lowers[1] ?? '');
  const before = written(fs, layers, busy);
  t.not(leftMarks(fs, layers.upper).length, 0, 'there is something to do');
  await settleLayers(fs, layers);
  const settled = snapshotTree(fs, layers.upper, { ignoreXattrs: [] });
  await settleLayers(fs, layers);
  t.same(treeDifferences(settled, snapshotTree(fs, layers.upper, { ignoreXattrs: [] })), []);
  t.same(readdirSync(layers.work), ['work']);
  whileMounted(layers, allOn, (merged) => {
    t.same(treeDifferences(before, snapshotTree(fs, merged)), []);
  });
});

t.test('cut off at any call, the tree is the same, and a second run finishes', need, async (t) => {
  const real = new RealFs();
  let at = 1;
  for (let struck = true; struck; at += stride) {
    const layers = makeLayers(t, 2);
    fillLowers(layers.lowers[0] ?? '', layers.lowers[1] ?? '');
    const before = written(real, layers, busy);
    const faulty = createFaultyFs(real);
    faulty.arm({ at, with: at % 2 === 0 ? 'ENOSPC' : 'crash' });
    try {
      await settleLayers(faulty.fs, layers);
    } catch (error) {
      if (!faulty.struck || (at % 2 !== 0 && !(error instanceof CrashError))) throw error;
    }
    struck = faulty.struck;
    if (at % 2 === 0) t.equal(faulty.open.size, 0, 'no descriptor is left open');
    faulty.closeAll();
    const between = whileMounted(layers, allOn, (merged) => snapshotTree(real, merged));
    const lost = treeDifferences(withoutNlink(before), withoutNlink(between));
    if (lost.length > 0) throw new Error(`cut off at call ${String(at)}: ${lost.join('\n')}`);
    await settleLayers(real, layers);
    const after = whileMounted(layers, allOff, (merged) => snapshotTree(real, merged));
    const wrong = treeDifferences(before, after);
    if (wrong.length > 0) throw new Error(`finished after call ${String(at)}: ${wrong.join('\n')}`);
  }
  t.pass(`${String(at)} calls`);
});
