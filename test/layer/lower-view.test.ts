/**
 * Lower layers together, as we see them and as a read-only mount of the kernel shows them; and the forms
 * that the kernel's overlayfs does not write itself.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import * as fc from 'fast-check';
import t from 'tap';
import { asName, type Name } from '../../src/base/name.ts';
import { LowerView, type LowerDir, type LowerParts } from '../../src/layer/lower-view.ts';
import { overlayNames } from '../../src/layer/xattr-names.ts';
import { O_RDONLY, S_IFMT, S_IFREG } from '../../src/os/constants.ts';
import { st, type HostFs } from '../../src/os/host-fs.ts';
import { RealFs } from '../../src/os/real-fs.ts';
import { mountKernelOverlaySync } from '../fixtures/kernel-overlay.ts';
import { needs } from '../fixtures/needs.ts';
import {
  allOn,
  makeLayers,
  openDir,
  removeLayers,
  whileMounted,
  type Layers,
} from './fixtures/kernel-overlay.ts';
import { apply, fillLowers, operations } from './fixtures/random-tree.ts';
import { makeScratch, self } from './fixtures/scratch.ts';

const names = overlayNames(false);
const need = needs('root', 'overlayfs', 'program:setcap', 'program:setfacl', 'program:setfattr');

/** Of random stacks; the seed is in the message of a failure. */
const runs = Number(process.env.STRATA_VIEW_RUNS ?? '15');

/** Path to content, or to type and mode. */
type Shown = Record<string, string>;

function readContent(fs: HostFs, file: Parameters<HostFs['reopen']>[0]): string {
  const fd = fs.reopen(file, O_RDONLY);
  try {
    const buffer = Buffer.alloc(2 << 20);
    return buffer.toString('latin1', 0, fs.pread(fd, buffer, 0, buffer.length, 0, false));
  } finally {
    fs.close(fd);
  }
}

function show(fs: HostFs, view: LowerView, dirs: readonly LowerDir[], prefix: string, shown: Shown): Shown {
  for (const name of view.list(dirs)) {
    const object = view.find(dirs, name);
    const path = `${prefix}${name}`;
    const top =
      object.kind === 'directory' ? object.dirs[0]?.fd : object.kind === 'file' ? object.object : undefined;
    if (top === undefined) throw new Error(`${path} is listed and not there`);
    fs.statx(top, self);
    const mode = fs.stat[st.mode] ?? 0;
    shown[path] = mode.toString(8);
    if ((mode & S_IFMT) === S_IFREG && object.kind === 'file') {
      shown[path] += object.data === undefined ? ' no data' : ` ${readContent(fs, object.data)}`;
    }
    if (object.kind === 'directory') show(fs, view, object.dirs, `${path}/`, shown);
    view.close(object);
  }
  return shown;
}

function showAll(fs: HostFs, parts: LowerParts): Shown {
  const view = new LowerView(fs, parts);
  return show(fs, view, view.roots, '', {});
}

/** `merged` as a view of one plain layer. */
function showMounted(fs: HostFs, merged: string): Shown {
  const fd = openDir(fs, merged);
  try {
    return showAll(fs, { lowers: [fd], names });
  } finally {
    fs.close(fd);
  }
}

t.test('layers that were uppers, with redirects over redirects', need, (t) => {
  const fs = new RealFs();
  fc.assert(
    fc.property(operations, operations, (first, second) => {
      const base = makeLayers(t, 2, 'tmpfs');
      fillLowers(base.lowers[0] ?? '', base.lowers[1] ?? '');
      const lowers = [base.upper, ...base.lowers];
      const next: Layers = { ...base, lowers, upper: `${base.root}/u2`, work: `${base.root}/w2` };
      for (const path of [next.upper, next.work]) mkdirSync(path);
      for (const [layers, list] of [
        [base, first],
        [next, second],
      ] as const) {
        whileMounted(layers, allOn, (merged) => {
          for (const operation of list) apply(merged, operation);
        });
      }
      const stack = [next.upper, ...lowers];
      const readOnly = `lowerdir=${stack.join(':')},metacopy=on,redirect_dir=follow`;
      mountKernelOverlaySync(readOnly, base.merged);
      const expected = showMounted(fs, base.merged);
      execFileSync('umount', [base.merged]);
      const roots = stack.map((path) => openDir(fs, path));
      const actual = showAll(fs, { lowers: roots, names });
      for (const fd of roots) fs.close(fd);
      removeLayers(base.root);
      for (const path of new Set([...Object.keys(expected), ...Object.keys(actual)])) {
        if (actual[path] === expected[path]) continue;
        throw new Error(`${path}: ${String(actual[path])}, expected ${String(expected[path])}`);
      }
    }),
    { numRuns: runs },
  );
  t.pass(`${String(runs)} random stacks`);
  t.end();
});

t.test('whiteouts that are attributes count, whether their directory is marked or not', need, (t) => {
  const { fs, sh, open } = makeScratch(t);
  sh(`mkdir -p top/marked top/plain bottom/marked bottom/plain
    for d in marked plain; do touch bottom/$d/file top/$d/file; setfattr -n trusted.overlay.whiteout top/$d/file; done
    setfattr -n trusted.overlay.opaque -v x top/marked; setfattr -n trusted.overlay.opaque -v x top`);
  const shown = showAll(fs, { lowers: [open('top'), open('bottom')], names });
  t.same(Object.keys(shown).sort(), ['marked', 'plain'], JSON.stringify(shown));
  t.end();
});

t.test('AUFS whiteouts count where they are honoured', need, (t) => {
  const { fs, sh, open } = makeScratch(t);
  sh(`mkdir -p top/dir top/opaque bottom/dir/sub bottom/opaque bottom/gone top/both
    touch top/dir/.wh.file top/.wh.gone top/opaque/.wh..wh..opq top/opaque/new top/.wh..wh.plnk top/.wh.both
    touch bottom/dir/file bottom/opaque/old bottom/gone/x; mkdir bottom/both; touch bottom/both/x top/both/y`);
  const lowers = [open('top'), open('bottom')];
  const shown = showAll(fs, { lowers, aufs: true, names });
  t.same(Object.keys(shown).sort(), ['both', 'both/y', 'dir', 'dir/sub', 'opaque', 'opaque/new']);
  const view = new LowerView(fs, { lowers, aufs: true, names });
  for (const name of ['gone', '.wh.gone', '.wh..wh.plnk'])
    t.equal(view.find(view.roots, asName(name)).kind, 'none', name);
  t.ok('dir/.wh.file' in showAll(fs, { lowers, names }));
  t.end();
});

t.test('data-only layers have data for absolute redirects', need, (t) => {
  const { fs, sh, open } = makeScratch(t);
  sh(`mkdir -p top data/pool outside; echo content > data/pool/1; echo secret > outside/secret; ln -s ../outside data/out
    for f in good relative outside; do truncate -s 8 top/$f; setfattr -n trusted.overlay.metacopy top/$f; done
    setfattr -n trusted.overlay.redirect -v /pool/1 top/good
    setfattr -n trusted.overlay.redirect -v pool top/relative
    setfattr -n trusted.overlay.redirect -v /out/secret top/outside`);
  const shown = showAll(fs, { lowers: [open('top')], dataOnly: [open('data')], names });
  t.match(shown, { good: /content/, relative: /no data/, outside: /no data/ });
  t.end();
});

t.test('hostile layers', need, (t) => {
  const { fs, sh, open } = makeScratch(t);
  sh(`mkdir -p top/up top/loop/loop top/linked bottom/real bottom/loop outside; touch outside/secret
    ln -s ../outside bottom/link; truncate -s 3 top/meta; touch top/bad
    setfattr -n trusted.overlay.redirect -v ../outside top/up
    setfattr -n trusted.overlay.redirect -v /loop/loop top/loop/loop
    setfattr -n trusted.overlay.redirect -v /link/secret top/meta; setfattr -n trusted.overlay.metacopy top/meta
    setfattr -n trusted.overlay.redirect -v /link top/linked
    setfattr -n trusted.overlay.metacopy -v xx top/bad`);
  const view = new LowerView(fs, { lowers: [open('top'), open('bottom')], names });
  const find = (name: Name): unknown => view.find(view.roots, name);
  t.throws(() => find(asName('up')), { code: 'EINVAL' });
  t.throws(() => find(asName('bad')), { code: 'EIO' });
  t.match(find(asName('meta')), { kind: 'file', data: undefined });
  t.match(find(asName('linked')), { kind: 'directory', dirs: { length: 1 } });
  t.match(find(asName('loop')), { kind: 'directory', dirs: { length: 2 } });
  t.end();
});
