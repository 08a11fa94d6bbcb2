/**
 * Attributes that an overlay inside of a container has set: `export` of an image took them for marks of a layer of ours, and so
 * did `import` of a directory, in which a device 0/0 became a deleted file, too. `commit` of a container that runs lost them, as did
 * every layer of the drivers that keep whole trees.
 */
import { execFileSync } from 'node:child_process';
import t from 'tap';
import { newCacheId } from '../../src/store/ids.ts';
import { containerNeeds, makeStrata } from '../cli/fixtures/strata.ts';
import { needs } from '../fixtures/needs.ts';
import { addImage, makeStage, shell, streamOf } from '../store/fixtures/stage.ts';

const needed = needs(...containerNeeds, 'program:setfattr');
const marks = `
  for mark in opaque=y redirect=/elsewhere origin=x; do
    setfattr -n trusted.overlay.\${mark%=*} -v \${mark#*=} in
  done
  setfattr -n trusted.overlay.metacopy in/file; setfattr -n user.own -v mine in/file`;
const expected = [
  'trusted.overlay.metacopy=""',
  'trusted.overlay.opaque="y"',
  'trusted.overlay.origin="x"',
  'trusted.overlay.redirect="/elsewhere"',
  'user.own="mine"',
];

/** What a directory shows of them, and that nothing of it is lost. */
function marksIn(place: string): string[] {
  const found = shell(place, 'test "$(cat in/file)" = data; getfattr -d -m - in in/file');
  return found
    .split('\n')
    .filter((line) => /^(trusted|user)/.test(line))
    .sort();
}

t.test('in an image and in its tar', needed, async (t) => {
  const { get, scratch } = makeStrata(t);
  const place = scratch.directory('place');
  get('create', '--name', 'one', 'base', 'true');
  get('mount', 'one', place);
  shell(place, `mkdir in; echo data > in/file; ${marks}`);
  get('umount', place);
  get('commit', 'one', 'image');
  get('export', '-o', `${scratch.path}/tar`, 'image');
  const unpacked = scratch.directory('unpacked');
  execFileSync('tar', ['-x', '--xattrs', '--xattrs-include=*', '-C', unpacked, '-f', `${scratch.path}/tar`]);
  t.strictSame(marksIn(unpacked), expected);
  t.equal(shell(unpacked, 'find . -name ".wh.*"'), '');
  get('import', `${scratch.path}/tar`, 'again');
  get('mount', 'again', place);
  t.strictSame(marksIn(place), expected);
  get('umount', place);
});

t.test('in a directory that is imported', needed, async (t) => {
  const { get, run, scratch } = makeStrata(t);
  const tree = scratch.directory('tree');
  shell(tree, `mkdir in; echo data > in/file; ${marks}`);
  get('import', tree, 'image');
  const place = scratch.directory('place');
  get('mount', 'image', place);
  t.strictSame(marksIn(place), expected);
  get('umount', place);
  get('system', 'check');
  shell(tree, 'mknod gone c 0 0');
  t.match(run('import', tree), { status: 1, stderr: /gone is a device 0\/0: / });
});

t.test('in a container that runs, and is committed', needed, async (t) => {
  const { get, scratch } = makeStrata(t);
  const place = scratch.directory('place');
  get('run', '-d', '--name', 'busy', 'base', 'sh', '-c', 'while :; do sleep 1; done');
  get('mount', 'busy', place);
  shell(place, `mkdir in; echo data > in/file; ln in/file in/linked; ${marks}`);
  get('umount', place);
  get('commit', 'busy', 'image');
  get('mount', 'image', place);
  t.strictSame(marksIn(place), expected);
  t.equal(shell(place, 'stat -c %h in/linked'), '2\n');
  get('umount', place);
});

t.test('in layers that are whole trees', needs('root', 'program:setfattr'), async (t) => {
  const stage = makeStage(t);
  const store = await stage.open('vfs');
  const tree = stage.directory('tree');
  // In a layer of the overlay format they are escaped.
  shell(tree, `mkdir in; echo data > in/file; ${marks.replaceAll('trusted.', 'trusted.overlay.')}`);
  const id = await addImage(store, 'image', [tree]);
  const [chainId] = (await store.images.findImage(id))?.chain ?? [];
  if (chainId === undefined) throw new Error('it has no layer');
  const { cacheId } = await store.layers.getLayer(chainId);
  t.strictSame(marksIn(await store.driver.get(cacheId)), expected);
  const [writable, copy] = [newCacheId(), newCacheId()];
  await store.driver.createReadWrite(writable, cacheId);
  const written = await store.driver.get(writable);
  shell(written, `rm -r in; mkdir in; echo data > in/file; ln in/file in/linked; ${marks}`);
  const chunks: Buffer[] = [];
  await store.driver.diff(writable, cacheId, (chunk) => void chunks.push(Buffer.from(chunk)));
  await store.driver.create(copy, cacheId);
  await store.driver.applyDiff(copy, cacheId, streamOf(Buffer.concat(chunks)));
  t.strictSame(marksIn(await store.driver.get(copy)), expected);
  t.equal(shell(store.driver.directoryOf(copy), 'stat -c %h in/linked'), '2\n');
  for (const one of [writable, copy]) await store.driver.remove(one);
});
