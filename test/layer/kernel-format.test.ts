/**
 * Our formats against the kernel's: it writes, we read and compare byte by byte; we write, it mounts and
 * shows.
 */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import t, { type Test } from 'tap';
import { asName } from '../../src/base/name.ts';
import { bindIndex, classifyIndexEntry } from '../../src/layer/index-dir.ts';
import { isImpure, setImpure } from '../../src/layer/impure.ts';
import { readMetacopy, setMetacopy } from '../../src/layer/metacopy.ts';
import { readNlink } from '../../src/layer/nlink.ts';
import { readOpaque, setOpaque } from '../../src/layer/opaque.ts';
import { findOriginBytes, findOriginOf, findIndexName, setOrigin } from '../../src/layer/origin.ts';
import { readRedirect, setRedirect } from '../../src/layer/redirect.ts';
import { isWhiteoutStat, WhiteoutMaker } from '../../src/layer/whiteout.ts';
import { overlayNames } from '../../src/layer/xattr-names.ts';
import { RealFs } from '../../src/os/real-fs.ts';
import { needs } from '../fixtures/needs.ts';
import { allOff, allOn, makeLayers, openDir, whileMounted, type Layers } from './fixtures/kernel-overlay.ts';

const names = overlayNames(false);
const self = asName('');

/** Layers on an ext4 of their own, which has a uuid. */
function layersOnExt4(t: Test, lowers = 1): Layers {
  const layers = makeLayers(t, lowers);
  const image = `${layers.root}.img`;
  execFileSync('truncate', ['-s', '32M', image]);
  t.teardown(() => {
    unlinkSync(image);
  });
  execFileSync('mkfs.ext4', ['-q', '-F', image]);
  execFileSync('mount', ['-o', 'loop', image, layers.root]);
  for (const path of [...layers.lowers, layers.upper, layers.work, layers.merged]) mkdirSync(path);
  return layers;
}

t.test('what the kernel writes', needs('root', 'overlayfs', 'program:mkfs.ext4'), (t) => {
  const fs = new RealFs();
  const layers = layersOnExt4(t);
  const [lowerPath = ''] = layers.lowers;
  mkdirSync(`${lowerPath}/dir/sub`, { recursive: true });
  mkdirSync(`${lowerPath}/gone`);
  writeFileSync(`${lowerPath}/meta`, 'data');
  writeFileSync(`${lowerPath}/hard1`, 'hard');
  linkSync(`${lowerPath}/hard1`, `${lowerPath}/hard2`);
  writeFileSync(`${lowerPath}/deleted`, '');
  whileMounted(layers, allOn, (merged) => {
    chmodSync(`${merged}/meta`, 0o600);
    renameSync(`${merged}/meta`, `${merged}/dir/moved`);
    renameSync(`${merged}/dir/sub`, `${merged}/dir/sub2`);
    renameSync(`${merged}/dir`, `${merged}/dir2`);
    chmodSync(`${merged}/hard1`, 0o600);
    unlinkSync(`${merged}/deleted`);
    execFileSync('rmdir', [`${merged}/gone`]);
    mkdirSync(`${merged}/gone`);
  });
  const lower = openDir(fs, lowerPath);
  const upper = openDir(fs, layers.upper);
  const index = openDir(fs, `${layers.work}/index`);
  const dir2 = openDir(fs, `${layers.upper}/dir2`);
  t.teardown(() => {
    for (const fd of [lower, upper, index, dir2]) fs.close(fd);
  });
  const uuid = fs.fsUuid(lower);
  t.not(uuid.toString('hex'), '0'.repeat(32), 'ext4 has a uuid');

  t.test('origins are equal to ours, byte by byte', (t) => {
    for (const [from, to] of [
      ['hard1', 'hard1'],
      ['dir', 'dir2'],
      ['meta', 'dir2/moved'],
      ['dir/sub', 'dir2/sub2'],
    ] as const) {
      const theirs = findOriginBytes(fs, upper, asName(to), names);
      t.same(findOriginOf(fs, lower, asName(from), uuid), theirs, from);
    }
    t.end();
  });

  t.test('the index has the names that we give', (t) => {
    const origin = findOriginOf(fs, lower, asName('hard1'), uuid) ?? Buffer.alloc(0);
    t.ok(existsSync(`${layers.work}/index/${findIndexName(origin) ?? asName('')}`));
    t.equal(classifyIndexEntry(fs, index, findIndexName(origin) ?? asName(''), names), 'live');
    t.same(readNlink(fs, upper, asName('hard1'), names), { relative: 'upper', delta: 0 });
    t.equal(bindIndex(fs, { index, upper, lower, names }), 'verified');
    t.equal(bindIndex(fs, { index, upper: lower, lower, names }), 'other-upper');
    t.equal(bindIndex(fs, { index, upper, lower: dir2, names }), 'other-lower');
    t.end();
  });

  t.test('marks are read as what they are', (t) => {
    t.same(readMetacopy(fs, dir2, asName('moved'), names), { invalid: false });
    t.match(readRedirect(fs, dir2, asName('moved'), names), { absolute: true, components: ['meta'] });
    t.match(readRedirect(fs, upper, asName('dir2'), names), { absolute: false, components: ['dir'] });
    t.match(readRedirect(fs, dir2, asName('sub2'), names), { absolute: false, components: ['sub'] });
    t.equal(readOpaque(fs, upper, asName('gone'), names), 'opaque');
    t.equal(readOpaque(fs, upper, asName('dir2'), names), 'none');
    t.ok(isImpure(fs, upper, asName('dir2'), names));
    t.ok(isImpure(fs, upper, self, names));
    fs.statx(upper, asName('deleted'));
    t.ok(isWhiteoutStat(fs.stat));
    fs.statx(upper, asName('hard1'));
    t.notOk(isWhiteoutStat(fs.stat));
    t.end();
  });
  t.end();
});

t.test('what we write, the kernel shows', needs('root', 'overlayfs'), (t) => {
  const fs = new RealFs();
  const layers = makeLayers(t);
  const [lowerPath = ''] = layers.lowers;
  mkdirSync(`${lowerPath}/dir/deep`, { recursive: true });
  mkdirSync(`${lowerPath}/hidden`);
  for (const path of ['dir/file', 'hidden/file', 'deleted', 'replaced', 'data'])
    writeFileSync(`${lowerPath}/${path}`, path);
  for (const path of ['moved', 'far', 'hidden']) mkdirSync(`${layers.upper}/${path}`);
  writeFileSync(`${layers.upper}/replaced`, 'upper');
  writeFileSync(`${layers.upper}/meta`, '');
  execFileSync('truncate', ['-s', '4', `${layers.upper}/meta`]);
  const lower = openDir(fs, lowerPath);
  const upper = openDir(fs, layers.upper);
  const work = openDir(fs, layers.work);
  const uuid = fs.fsUuid(lower);
  const whiteouts = new WhiteoutMaker(fs, work, names);
  whiteouts.linkTo(upper, asName('deleted'));
  whiteouts.linkTo(upper, asName('dir'));
  whiteouts.replace(upper, asName('replaced'));
  setOpaque(fs, upper, asName('hidden'), names);
  setRedirect(fs, upper, asName('moved'), asName('dir'), names);
  setRedirect(fs, upper, asName('far'), asName('/dir/deep'), names);
  setMetacopy(fs, upper, asName('meta'), names);
  setRedirect(fs, upper, asName('meta'), asName('/data'), names);
  for (const name of ['moved', 'far', 'meta'] as const) {
    const from = { moved: 'dir', far: 'dir/deep', meta: 'data' }[name];
    t.ok(setOrigin(fs, upper, asName(name), findOriginOf(fs, lower, asName(from), uuid), names));
  }
  t.ok(setImpure(fs, upper, self, names));
  for (const fd of [lower, upper, work]) fs.close(fd);
  whileMounted(layers, allOn, (merged) => {
    t.same(readdirSync(merged).sort(), ['data', 'far', 'hidden', 'meta', 'moved']);
    t.same(readdirSync(`${merged}/hidden`), []);
    t.same(readdirSync(`${merged}/moved`).sort(), ['deep', 'file']);
    t.same(readdirSync(`${merged}/far`), []);
    t.equal(readFileSync(`${merged}/meta`, 'utf8'), 'data');
    t.equal(statSync(`${merged}/moved`).ino, statSync(`${lowerPath}/dir`).ino, 'the origin is found');
  });
  t.end();
});

t.test(
  'hostile redirects: the kernel fails the lookup as we refuse the value',
  needs('root', 'overlayfs'),
  (t) => {
    const fs = new RealFs();
    for (const value of ['a/b', '/', '//a', '/a//b']) {
      const layers = makeLayers(t);
      mkdirSync(`${layers.upper}/dir`);
      mkdirSync(`${layers.lowers[0] ?? ''}/dir`);
      const upper = openDir(fs, layers.upper);
      setRedirect(fs, upper, asName('dir'), asName(value), names);
      t.match(readRedirect(fs, upper, asName('dir'), names), { invalid: true }, value);
      fs.close(upper);
      whileMounted(layers, allOn, (merged) => {
        t.throws(() => statSync(`${merged}/dir`), { code: 'EINVAL' }, value);
      });
    }
    t.end();
  },
);

t.test('attributes of a nested overlay are escaped as the kernel does', needs('root', 'overlayfs'), (t) => {
  const fs = new RealFs();
  const layers = makeLayers(t);
  whileMounted(layers, allOff, (merged) => {
    writeFileSync(`${merged}/file`, '');
    execFileSync('setfattr', ['-n', 'trusted.overlay.opaque', '-v', 'y', `${merged}/file`]);
    execFileSync('setfattr', ['-n', 'user.overlay.opaque', '-v', 'y', `${merged}/file`]);
  });
  const upper = openDir(fs, layers.upper);
  const stored = fs.listXattrs(upper, asName('file'));
  t.ok(stored.includes(asName('trusted.overlay.overlay.opaque')));
  t.ok(stored.includes(asName('user.overlay.opaque')));
  fs.close(upper);
  t.end();
});
