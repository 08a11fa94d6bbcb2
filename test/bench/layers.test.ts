import { execFileSync } from 'node:child_process';
import { lstatSync, readFileSync } from 'node:fs';
import { relative } from 'node:path';
import t from 'tap';
import { flatten } from '../../src/bench/drivers/flatten.ts';
import { isOpaque, isWhiteout, mergedNames } from '../../src/bench/fixtures/hidden.ts';
import { buildImageLayers } from '../../src/bench/fixtures/image-layers.ts';
import { manifestHash } from '../../src/bench/fixtures/manifest.ts';
import { subdirectories, walk } from '../../src/bench/fixtures/walk.ts';
import { makeScratch } from '../fixtures/mount.ts';
import { needs } from '../fixtures/needs.ts';

const files = 3_000;

/** Names below a tree, sorted, as find(1) tells them. */
function names(top: string): string[] {
  return execFileSync('find', [top, '-mindepth', '1', '-printf', '%P\\n'], {
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  })
    .split('\n')
    .slice(0, -1)
    .sort();
}

t.test('made layers are an image of several layers', needs('root', 'build', 'overlayfs'), async (t) => {
  const scratch = makeScratch(t);
  const at = scratch.directory('image');
  buildImageLayers({ files, layers: 5 })(at);
  const layers = subdirectories(at);
  t.equal(layers.length, 5);

  const entries = layers.flatMap((layer) =>
    [...walk(layer)].map(({ path }) => ({ layer, path, stat: lstatSync(path) })),
  );
  const whiteouts = entries.filter(({ stat }) => isWhiteout(stat));
  t.ok(whiteouts.length > 0, 'files are removed');
  t.ok(
    entries.some(({ path, stat }) => stat.isDirectory() && isOpaque(path)),
    'directories are made anew',
  );
  const regular = entries.filter(({ stat }) => stat.isFile());
  const byName = new Map<string, Set<string>>();
  for (const { layer, path } of regular) {
    const name = relative(layer, path);
    byName.set(name, (byName.get(name) ?? new Set()).add(readFileSync(path, 'latin1')));
  }
  t.ok(
    [...byName.values()].some((contents) => contents.size > 1),
    'files are replaced',
  );
  t.ok(regular.some(({ stat }) => stat.size > 64 * 1024) && regular.some(({ stat }) => stat.size < 512));

  const union = await scratch.kernelOverlay({
    lower: layers,
    upper: scratch.directory('upper'),
    work: scratch.directory('work'),
  });
  const shown = names(union.path);
  t.same([...mergedNames(layers)].sort(), shown, 'what the layers say is what the kernel shows');
  const shownFiles = shown.filter((name) => !lstatSync(`${union.path}/${name}`).isDirectory()).length;
  t.ok(Math.abs(shownFiles - files) < files / 10, `${String(shownFiles)} files`);

  const plain = scratch.directory('plain');
  flatten(layers, plain);
  t.equal(execFileSync('diff', ['-r', '--no-dereference', union.path, plain], { encoding: 'utf8' }), '');
  t.same(names(plain), shown);
});

t.test(
  'a whiteout, an opaque directory and another type hide what is below',
  needs('root', 'build', 'overlayfs'),
  async (t) => {
    const scratch = makeScratch(t);
    const at = scratch.directory('layers');
    execFileSync('sh', [
      '-ec',
      `
    cd "$1"; mkdir -p 0 1/dir/sub 1/turned 2/dir 2/gone/deep
    echo 2 > 2/dir/file; echo 2 > 2/gone/deep/file; echo 2 > 2/turned; echo 1 > 1/dir/file; echo 1 > 1/turned/in
    mkdir 0/dir; echo 0 > 0/dir/new; setfattr -n trusted.overlay.opaque -v y 0/dir
    mknod 1/gone c 0 0; mkdir 0/gone; echo 0 > 0/gone/again; mknod 0/never c 0 0`,
      'sh',
      at,
    ]);
    const layers = subdirectories(at);
    const union = await scratch.kernelOverlay({
      lower: layers,
      upper: scratch.directory('u'),
      work: scratch.directory('w'),
    });
    const shown = names(union.path);
    t.same(shown, ['dir', 'dir/new', 'gone', 'gone/again', 'turned', 'turned/in']);
    t.same([...mergedNames(layers)].sort(), shown);
    const plain = scratch.directory('plain');
    flatten(layers, plain);
    t.same(names(plain), shown);
  },
);

t.test('a manifest tells content, mode and names, and not where or when', async (t) => {
  const scratch = makeScratch(t);
  const tree = (name: string, script: string): string => {
    const at = scratch.directory(name);
    execFileSync('sh', ['-ec', `cd "$1"; umask 022; ${script}`, 'sh', at]);
    return manifestHash([at]);
  };
  const same = 'mkdir d; echo a > d/f; ln -s f d/l';
  const first = tree('one', same);
  t.equal(tree('two', `${same}; touch -d 2001-01-01 d/f`), first);
  for (const other of [
    `${same}; echo b > d/f`,
    `${same}; chmod 600 d/f`,
    `${same}; mv d/f d/g`,
    `${same}; ln -sf g d/l`,
  ]) {
    t.not(tree(`other-${String(Math.random())}`, other), first, other);
  }
});
