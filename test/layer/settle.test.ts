/**
 * An upper that the kernel wrote with all options on must show the same tree without them, once it is
 * settled, and at every moment of a settling that was cut off.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import * as fc from 'fast-check';
import t from 'tap';
import { settle } from '../../src/layer/settle.ts';
import { overlayNames } from '../../src/layer/xattr-names.ts';
import { CrashError, createFaultyFs, type HostMethod } from '../../src/os/faulty-fs.ts';
import type { HostFs } from '../../src/os/host-fs.ts';
import { RealFs } from '../../src/os/real-fs.ts';
import { needs } from '../fixtures/needs.ts';
import { snapshotTree, treeDifferences, type Tree, type TreeRecord } from '../fixtures/tree.ts';
import {
  allOff,
  allOn,
  makeLayers,
  removeLayers,
  whileMounted,
  type Layers,
} from './fixtures/kernel-overlay.ts';
import { makeScratch } from './fixtures/scratch.ts';
import { lasting, leftMarks, movedTimes, settleLayers, written } from './fixtures/settle-layers.ts';
import { fillLowers, operations, type Operation } from './fixtures/random-tree.ts';

const need = needs('root', 'overlayfs', 'program:setcap', 'program:setfacl', 'program:setfattr');
const withFlags = needs(
  'root',
  'overlayfs',
  'program:chattr',
  'program:lsattr',
  'program:setcap',
  'program:setfacl',
);
const names = overlayNames(false);
/** Of all random sequences; the seed is in the message of a failure. */
const runs = Number(process.env.STRATA_SETTLE_RUNS ?? '25');
/** Every how many calls a settling is cut off. */
const stride = Number(process.env.STRATA_SETTLE_STRIDE ?? '31');

/** A tree without what hard links are. */
function withoutLinks(tree: Tree): Tree {
  return new Map(
    Array.from(tree, ([path, record]): [string, TreeRecord] => [path, { ...record, nlink: 1, sameAs: '' }]),
  );
}

function withoutHandles(fs: HostFs): HostFs {
  return new Proxy(fs, {
    get: (target, key) => {
      if (key === 'findHandle') return () => undefined;
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}

t.test('random uppers of the kernel', need, async (t) => {
  const fs = new RealFs();
  await fc.assert(
    fc.asyncProperty(operations, async (list) => {
      const layers = makeLayers(t, 2, 'tmpfs');
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
      removeLayers(layers.root);
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
  const layers = makeLayers(t, 2, 'tmpfs');
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

t.test('without link counts, only what has changed is brought up', need, async (t) => {
  const fs = new RealFs();
  const changes = {
    nothing: 'true',
    mode: 'chmod 600 $f',
    owner: 'chown 7 $f',
    time: 'touch -d @9 $f',
    data: 'echo more >> $f',
    attribute: 'setfattr -n user.x -v y $f',
    other: 'setfattr -n user.before -v z $f',
    none: 'setfattr -x user.before $f',
    list: 'setfacl -m u:7:r $f',
  };
  const layers = makeLayers(t, 1, 'tmpfs');
  const [lower = ''] = layers.lowers;
  const sh = (script: string, cwd: string): void => {
    execFileSync('sh', ['-ec', script], { cwd });
  };
  for (const name of Object.keys(changes))
    sh(`echo x > ${name}-1; setfattr -n user.before -v y ${name}-1; ln ${name}-1 ${name}-2`, lower);
  whileMounted(layers, allOn, (merged) => {
    for (const [name, change] of Object.entries(changes)) sh(`f=${name}-1; ${change}; rm $f`, merged);
  });
  await settleLayers(fs, layers, true, false);
  const kept = readdirSync(layers.upper).filter((name) => name.endsWith('-2'));
  const changed = Object.keys(changes).filter((name) => name !== 'nothing');
  t.strictSame(kept.sort(), changed.map((name) => `${name}-2`).sort());
});

t.test('without an index, and without file handles', need, async (t) => {
  const fs = new RealFs();
  const options = 'metacopy=on,redirect_dir=on,index=off';
  for (const handles of [true, false]) {
    const layers = makeLayers(t, 2, 'tmpfs');
    fillLowers(layers.lowers[0] ?? '', layers.lowers[1] ?? '');
    const before = written(fs, layers, busy, options);
    await settleLayers(handles ? fs : withoutHandles(fs), layers, handles);
    t.same(leftMarks(fs, layers.upper), []);
    const after = whileMounted(layers, allOff, (merged) => snapshotTree(fs, merged));
    // Without an index a name that was copied up alone still counts below.
    t.same(treeDifferences(withoutLinks(before), withoutLinks(after)), []);
  }
});

t.test(
  'fuse-overlayfs shows the same tree',
  needs('root', 'overlayfs', 'fuse', 'program:fuse-overlayfs'),
  async (t) => {
    const fs = new RealFs();
    const layers = makeLayers(t, 2, 'tmpfs');
    fillLowers(layers.lowers[0] ?? '', layers.lowers[1] ?? '');
    const before = written(fs, layers, busy);
    await settleLayers(fs, layers);
    const stack = `lowerdir=${layers.lowers.join(':')},upperdir=${layers.upper},workdir=${layers.work}`;
    execFileSync('fuse-overlayfs', ['-o', stack, layers.merged], { stdio: 'ignore' });
    const after = snapshotTree(fs, layers.merged);
    execFileSync('umount', [layers.merged]);
    t.same(treeDifferences(withoutLinks(before), withoutLinks(after)), []);
  },
);

t.test('data-only layers, and a redirect that leads nowhere', need, async (t) => {
  const { fs, sh, open, path } = makeScratch(t);
  sh(`mkdir -p data/pool lower upper/dir work; echo content > data/pool/1; chmod 4711 lower
    truncate -s 8 lower/file upper/file; setfattr -n trusted.overlay.metacopy lower/file
    setfattr -n trusted.overlay.redirect -v /pool/1 lower/file
    setfattr -n trusted.overlay.metacopy upper/file; touch -d @5 upper/file
    setfattr -n trusted.overlay.redirect -v /absent upper/dir`);
  const parts = {
    lowers: [open('lower')],
    dataOnly: [open('data')],
    upper: open('upper'),
    work: open('work'),
    names,
  };
  await t.rejects(settle(fs, { ...parts, dataOnly: [] }), { code: 'missing-data' });
  await settle(fs, parts);
  t.equal(readFileSync(`${path}/upper/file`, 'utf8'), 'content\n');
  t.equal(statSync(`${path}/upper/file`).mtimeMs, 5000);
  t.same(leftMarks(fs, `${path}/upper`), []);
  t.match(snapshotTree(fs, `${path}/upper`, { ignoreXattrs: [] }).get('dir'), {
    xattrs: { 'trusted.overlay.opaque': 'y' },
  });
});

t.test('with user.overlay attributes, which links and devices cannot have', need, async (t) => {
  const { fs, sh, open, path } = makeScratch(t);
  sh(`mkdir -p lower/dir lower/other upper/moved work; echo data > lower/dir/file; ln lower/dir/file lower/other/file
    ln -s x lower/dir/link; ln lower/dir/link lower/other/link; mkfifo lower/dir/fifo; ln lower/dir/fifo lower/dir/fifo2
    setfattr -n user.overlay.redirect -v dir upper/moved; mknod upper/dir c 0 0
    truncate -s 5 upper/meta; setfattr -n user.overlay.metacopy upper/meta
    setfattr -n user.overlay.redirect -v /dir/file upper/meta`);
  const user = overlayNames(true);
  await settle(fs, { lowers: [open('lower')], upper: open('upper'), work: open('work'), names: user });
  const tree = snapshotTree(fs, `${path}/upper`, { ignoreXattrs: [] });
  t.same(
    [...tree.keys()],
    [
      '.',
      'dir',
      'meta',
      'moved',
      'moved/fifo',
      'moved/fifo2',
      'moved/file',
      'moved/link',
      'other',
      'other/file',
      'other/link',
    ],
  );
  t.match(tree.get('moved'), { xattrs: { 'user.overlay.opaque': 'y' } });
  t.match(tree.get('other/link'), { nlink: 2, sameAs: 'moved/link' });
  t.match(tree.get('other/file'), { nlink: 2, sameAs: 'moved/file', xattrs: {} });
  t.equal(readFileSync(`${path}/upper/meta`, 'utf8'), 'data\n');
});

t.test('the opaque marks of fuse-overlayfs', need, async (t) => {
  const { fs, sh, open, path } = makeScratch(t);
  sh(`mkdir -p lower/dir upper/dir work; touch lower/dir/hidden upper/dir/.wh..wh..opq
    setfattr -n user.fuseoverlayfs.opaque -v y upper/dir`);
  await settle(fs, { lowers: [open('lower')], upper: open('upper'), work: open('work'), names });
  t.match(snapshotTree(fs, `${path}/upper`, { ignoreXattrs: [] }).get('dir'), {
    xattrs: { 'trusted.overlay.opaque': 'y' },
  });
  t.same(readdirSync(`${path}/upper/dir`), ['.wh..wh..opq'], 'a file like any other in an upper');
});

t.test('a redirect that must not be followed stops it', need, async (t) => {
  const { fs, sh, open } = makeScratch(t);
  sh('mkdir -p lower/dir upper/dir work; setfattr -n trusted.overlay.redirect -v ../dir upper/dir');
  const parts = { lowers: [open('lower')], upper: open('upper'), work: open('work'), names };
  await t.rejects(settle(fs, parts), { code: 'invalid-redirect', message: /dir/ });
});

t.test('the index of another upper', need, async (t) => {
  const fs = new RealFs();
  const layers = makeLayers(t, 2, 'tmpfs');
  fillLowers(layers.lowers[0] ?? '', layers.lowers[1] ?? '');
  const before = written(fs, layers, busy);
  const other = { ...layers, upper: `${layers.root}/other` };
  mkdirSync(`${other.upper}/left`, { recursive: true });
  execFileSync('setfattr', ['-n', 'trusted.overlay.impure', '-v', 'y', `${other.upper}/left`]);
  const seen = (path: string): Tree => snapshotTree(fs, path, { ignoreXattrs: [] });
  const [upper, work] = [seen(other.upper), seen(layers.work)];
  t.not([...work.keys()].filter((path) => path.startsWith('index/')).length, 0);
  await t.rejects(settleLayers(fs, other), { code: 'other-index' });
  t.same(treeDifferences(upper, seen(other.upper)), [], 'nothing is changed');
  t.same(treeDifferences(work, seen(layers.work)), [], 'nothing is changed');
  await settleLayers(fs, other, false);
  t.same(leftMarks(fs, other.upper), [], 'without an index it can be settled');
  whileMounted(layers, allOn, (merged) => {
    t.same(treeDifferences(before, snapshotTree(fs, merged)), [], 'and the index is kept for its own upper');
  });
});

/** The flags of chattr(1) that a tree shows, where there are any. */
function protectedPaths(root: string): string[] {
  const lines = execFileSync('lsattr', ['-R', root], { encoding: 'utf8' }).split('\n');
  return lines
    .flatMap((line) => {
      const [, flags = '', path = ''] = /^([-\w]+) +(.*)$/.exec(line) ?? [];
      const shown = flags.replace(/[^ai]/g, '');
      return shown === '' ? [] : [`${path.slice(root.length + 1)} ${shown}`];
    })
    .sort();
}

/** Objects of every kind that settling has to change, immutable or append-only in the upper, in a lower, or as the kernel keeps it. */
function writeProtected(layers: Layers): void {
  const [top = '', bottom = ''] = layers.lowers;
  fillLowers(top, bottom);
  execFileSync('chattr', ['+i', `${bottom}/a/b/2`, `${bottom}/e/f/7`]);
  whileMounted(layers, allOn, (merged) => {
    const script = `mv a/b moved; mv d moved/dir; touch top a/hard e/f/9; chmod 700 n e/f
      mkdir plain; chattr +a top n/pair; chattr +i a/1`;
    execFileSync('/bin/sh', ['-ec', script], { cwd: merged });
  });
  execFileSync('/bin/sh', ['-ec', 'chattr +i a/hard moved/dir moved; chattr +a e/f; chattr +ai e/f/9'], {
    cwd: layers.upper,
  });
}

const ownFlags = [
  'a/hard i',
  'e/f a',
  'e/f/9 ia',
  'hard4 i',
  'moved i',
  'moved/dir i',
  'moved/dir/hard3 i',
  'moved/hard2 i',
];

t.test('immutable and append-only objects', withFlags, async (t) => {
  const fs = new RealFs();
  let at = 0;
  for (let struck = true; struck; at += 1) {
    const layers = makeLayers(t, 2, 'tmpfs');
    writeProtected(layers);
    const look = (merged: string): [Tree, string[]] => [snapshotTree(fs, merged), protectedPaths(merged)];
    const [before, flags] = whileMounted(layers, allOn, look);
    const faulty = createFaultyFs(fs);
    // Between two of these calls the flags are nowhere, or no longer known to have been the object's own.
    const matches = (method: HostMethod, args: readonly unknown[]): boolean =>
      method !== 'setFlags' && !/protattr|settleflags/.test(String(args[2]));
    faulty.arm(at === 0 ? undefined : { at: at * stride, with: 'crash', matches });
    await settleLayers(faulty.fs, layers).catch((error: unknown) => {
      if (!(error instanceof CrashError)) throw error;
    });
    struck = faulty.struck || at === 0;
    faulty.closeAll();
    if (faulty.struck) {
      const between = whileMounted(layers, allOn, protectedPaths);
      t.same(between, flags, `cut off at call ${String(at * stride)}: shown in between`);
      await settleLayers(fs, layers);
    }
    t.same(leftMarks(fs, layers.upper), []);
    const own = protectedPaths(layers.upper);
    t.same(own, ownFlags, 'real flags stay real');
    const [after, afterFlags] = whileMounted(layers, allOff, look);
    t.same(treeDifferences(before, after), []);
    t.same(afterFlags, flags);
    removeLayers(layers.root);
  }
  t.pass(`${String(at)} calls`);
});

t.test('a redirect of an opaque directory is only taken away', need, async (t) => {
  const { fs, sh, open, path } = makeScratch(t);
  sh(`mkdir -p lower/dir upper/dir work; setfattr -n trusted.overlay.redirect -v ../dir upper/dir
    setfattr -n trusted.overlay.opaque -v y upper/dir`);
  await settle(fs, { lowers: [open('lower')], upper: open('upper'), work: open('work'), names });
  t.same(leftMarks(fs, `${path}/upper`), []);
});

t.test('cut off at any call, the tree is the same, and a second run finishes', need, async (t) => {
  const real = new RealFs();
  let at = 1;
  for (let struck = true; struck; at += stride) {
    const layers = makeLayers(t, 2, 'tmpfs');
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
    const lost = treeDifferences(lasting(before), lasting(between));
    if (lost.length > 0) throw new Error(`cut off at call ${String(at)}: ${lost.join('\n')}`);
    const moved = movedTimes(before, between);
    t.ok(moved <= 1, `times of ${String(moved)} objects are not put back`);
    await settleLayers(real, layers);
    const after = whileMounted(layers, allOff, (merged) => snapshotTree(real, merged));
    const wrong = treeDifferences(before, after);
    if (wrong.length > 0) throw new Error(`finished after call ${String(at)}: ${wrong.join('\n')}`);
    removeLayers(layers.root);
  }
  t.pass(`${String(at)} calls`);
});
