import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import t, { type Test } from 'tap';
import { createLog } from '../../src/base/log.ts';
import { asName } from '../../src/base/name.ts';
import { findOriginOf, findIndexName, setOrigin } from '../../src/layer/origin.ts';
import { setNlink } from '../../src/layer/nlink.ts';
import { removeTree } from '../../src/layer/remove-tree.ts';
import { createVolatileGuard, prepareWork, removeVolatileGuard } from '../../src/layer/work-dir.ts';
import { overlayNames } from '../../src/layer/xattr-names.ts';
import { needs } from '../fixtures/needs.ts';
import { makeLayers, mountKernel, openDir, whileMounted } from './fixtures/kernel-overlay.ts';
import { makeScratch, type Scratch } from './fixtures/scratch.ts';

const names = overlayNames(false);

function prepare(t: Test, scratch: Scratch, index = false): string[] {
  const warnings: string[] = [];
  const log = createLog((line) => warnings.push(line));
  const prepared = prepareWork(scratch.fs, scratch.dir, { index, names, log });
  t.equal(prepared.index === undefined, !index);
  scratch.fs.close(prepared.work);
  if (prepared.index !== undefined) scratch.fs.close(prepared.index);
  return warnings;
}

t.test('leftovers of every kind are gone afterwards', needs('root', 'program:setfacl'), (t) => {
  const scratch = makeScratch(t);
  scratch.sh(`
    mkdir -p work/a/b/c work/empty outside; echo keep > outside/file; setfacl -d -m u:99:rwx .
    ln -s ../../outside work/link; ln -s /nowhere work/a/dangling
    mkfifo work/a/fifo; mknod work/a/b/dev c 0 0; touch work/a/b/c/file; mkdir -m 0 work/a/locked`);
  t.same(prepare(t, scratch), []);
  t.same(readdirSync(`${scratch.path}/work`), []);
  t.equal(readFileSync(`${scratch.path}/outside/file`, 'utf8'), 'keep\n');
  t.equal(scratch.sh('getfacl -cp work').includes('user:99'), false, 'no list is inherited');
  t.notOk(existsSync(`${scratch.path}/index`));
  t.end();
});

t.test('work itself may be missing, a file or a link', needs('root'), (t) => {
  for (const make of ['true', 'touch work', 'mkdir outside; touch outside/file; ln -s outside work']) {
    const scratch = makeScratch(t);
    scratch.sh(make);
    prepare(t, scratch, true);
    t.ok(statSync(`${scratch.path}/work`).isDirectory());
    t.equal(existsSync(`${scratch.path}/outside`), existsSync(`${scratch.path}/outside/file`));
  }
  t.end();
});

t.test('what is mounted in it stays whole', needs('root'), (t) => {
  const scratch = makeScratch(t);
  scratch.sh('mkdir -p work/a/mnt; mount -t tmpfs inner work/a/mnt; echo keep > work/a/mnt/file');
  t.throws(() => prepareWork(scratch.fs, scratch.dir, { index: false, names }), { code: /EBUSY|EXDEV/ });
  t.equal(scratch.sh('find work -name file -exec cat {} +'), 'keep\n');
  t.end();
});

t.test('a tree deeper than any path', needs('root'), (t) => {
  const scratch = makeScratch(t);
  scratch.sh(`mkdir deep; cd deep; n=${'d'.repeat(200)}; i=0
    while [ $i -lt 60 ]; do mkdir $n; touch file; cd -P $n 2>/dev/null || break; i=$((i+1)); done`);
  removeTree(scratch.fs, scratch.dir, asName('deep'));
  t.notOk(existsSync(`${scratch.path}/deep`));
  removeTree(scratch.fs, scratch.dir, asName('deep'));
  t.end();
});

t.test('an index keeps what is alive', needs('root'), (t) => {
  const scratch = makeScratch(t);
  scratch.sh(
    'mkdir index; for f in live orphan stale below lowerwise; do echo $f > $f; ln $f other-$f; done',
  );
  const { fs, dir } = scratch;
  const index = scratch.open('index');
  const uuid = fs.fsUuid(dir);
  const entry = (name: string, nlink: Parameters<typeof setNlink>[3], alive: boolean): string => {
    const origin = findOriginOf(fs, dir, asName(name), uuid) ?? Buffer.alloc(0);
    const at = findIndexName(origin) ?? asName('');
    scratch.sh(`cp ${name} index/${at}`);
    setOrigin(fs, index, at, name === 'stale' ? Buffer.concat([origin, Buffer.alloc(4)]) : origin, names);
    setNlink(fs, index, at, nlink, names);
    if (alive) scratch.sh(`ln index/${at} upper-${name}`);
    return at;
  };
  const kept = [
    entry('live', { relative: 'upper', delta: -1 }, true),
    entry('below', { relative: 'upper', delta: 0 }, false),
    entry('lowerwise', { relative: 'lower', delta: 0 }, false),
  ];
  entry('orphan', { relative: 'upper', delta: -1 }, false);
  entry('stale', { relative: 'upper', delta: 0 }, true);
  scratch.sh('touch "index/#12" index/README; mkdir index/#dir');
  const warnings = prepare(t, scratch, true);
  t.same(readdirSync(`${scratch.path}/index`).sort(), [...kept, 'README'].sort());
  t.equal(warnings.length, 1);
  t.match(warnings[0], /README/);
  t.end();
});

t.test('the guard of a volatile mount', needs('root'), (t) => {
  const scratch = makeScratch(t);
  const { fs } = scratch;
  const prepared = prepareWork(fs, scratch.dir, { index: false, names });
  createVolatileGuard(fs, prepared.work);
  t.throws(() => prepareWork(fs, scratch.dir, { index: false, names }), { code: 'unclean-volatile' });
  removeVolatileGuard(fs, prepared.work);
  removeVolatileGuard(fs, prepared.work);
  t.same(readdirSync(`${scratch.path}/work`), []);
  fs.close(prepared.work);
  prepare(t, scratch);
  scratch.sh('mkdir -p work/incompat/new-feature');
  t.throws(() => prepareWork(fs, scratch.dir, { index: false, names }), {
    code: 'unclean-volatile',
    message: /new-feature/,
  });
  t.end();
});

t.test("the kernel heeds our guard, and we heed the kernel's", needs('root', 'overlayfs'), (t) => {
  const { fs } = makeScratch(t);
  const layers = makeLayers(t, 1, 'tmpfs');
  const root = openDir(fs, layers.work);
  t.teardown(() => {
    fs.close(root);
  });
  whileMounted(layers, 'volatile', () => undefined);
  t.throws(() => prepareWork(fs, root, { index: false, names }), {
    code: 'unclean-volatile',
    message: /volatile/,
  });
  removeTree(fs, root, asName('work'));
  const prepared = prepareWork(fs, root, { index: false, names });
  createVolatileGuard(fs, prepared.work);
  t.throws(() => mountKernel(layers, 'index=off'));
  removeVolatileGuard(fs, prepared.work);
  fs.close(prepared.work);
  whileMounted(layers, 'index=off', () => undefined);
  t.end();
});
