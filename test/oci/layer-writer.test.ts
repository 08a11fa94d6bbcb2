/** The tar that we write: its exact form, that it is the same for equal trees, and what it refuses. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { statSync, utimesSync } from 'node:fs';
import { promisify } from 'node:util';
import t from 'tap';
import { writeLayerTar } from '../../src/oci/layer-writer.ts';
import { needs } from '../fixtures/needs.ts';
import { makeScratch } from '../fixtures/mount.ts';
import { buildTree, differences, tarOf, unpack, type TreeObject } from './fixtures/layers.ts';
import { acl, sample } from './fixtures/sample.ts';

const run = promisify(execFile);
const y = { 'trusted.overlay.opaque': Buffer.from('y') };
const overlayForm: readonly TreeObject[] = [
  { path: 'd', type: 'directory', xattrs: { ...y, 'trusted.overlay.origin': Buffer.from('o') } },
  { path: 'd/f', type: 'file', content: Buffer.from('f') },
  { path: 'd/gone', type: 'char', mode: 0 },
  { path: 'gone', type: 'link', target: 'd/gone' },
  { path: 'x', type: 'directory', xattrs: { 'trusted.overlay.opaque': Buffer.from('x') } },
  { path: 'x/w', type: 'file', xattrs: { 'trusted.overlay.whiteout': Buffer.from('y') } },
  { path: 'x/e', type: 'file' },
  { path: 'nested', type: 'directory', xattrs: { 'trusted.overlay.overlay.opaque': Buffer.from('y') } },
  { path: 'socket', type: 'socket' },
];

/** Path, type, and the name of the record that stands in front, of each header. */
function headersOf(tar: Buffer): string[] {
  const headers: string[] = [];
  for (let at = 0; tar[at] !== 0;) {
    const text = (offset: number, length: number): string =>
      tar.toString('latin1', at + offset, at + offset + length).replace(/\0.*/s, '');
    const prefix = text(345, 155);
    headers.push(`${text(156, 1)} ${prefix === '' ? '' : `${prefix}/`}${text(0, 100)}`);
    at += 512 + Math.ceil(Number.parseInt(text(124, 12), 8) / 512) * 512;
  }
  return headers;
}

t.test('order and marks', needs('root'), async (t) => {
  const scratch = makeScratch(t);
  const tree = scratch.directory('tree');
  buildTree(tree, [
    ...overlayForm,
    { path: 'a', type: 'directory' },
    { path: 'a-b', type: 'file' },
    { path: 'a/c', type: 'file' },
    { path: '\xff', type: 'file' },
    { path: 'Z', type: 'symlink', target: 'a' },
    { path: 'z-hard', type: 'link', target: 'a/c' },
  ]);
  const { bytes, result } = await tarOf(tree);
  t.same(headersOf(bytes), [
    '5 ./',
    '2 Z',
    '5 a/',
    '0 a/c',
    '0 a-b',
    '5 d/',
    '0 d/.wh..wh..opq',
    '0 d/f',
    '0 d/.wh.gone',
    '0 .wh.gone',
    'x PaxHeader',
    '5 nested/',
    '0 .wh.socket',
    '5 x/',
    '0 x/e',
    '0 x/.wh.w',
    '1 z-hard',
    '0 \xff',
  ]);
  t.ok(bytes.includes('41 SCHILY.xattr.trusted.overlay.opaque=y\n'), 'unescaped');
  t.notOk(bytes.includes('origin'));
  t.match(result, { entries: 17, size: 1, tarSize: bytes.length });
  t.equal(result.diffId, `sha256:${createHash('sha256').update(bytes).digest('hex')}`);
  t.ok(bytes.subarray(-1024).equals(Buffer.alloc(1024)));
});

t.test('a header, byte by byte', needs('root'), async (t) => {
  const scratch = makeScratch(t);
  const tree = scratch.directory('tree');
  buildTree(tree, [
    {
      path: 'f',
      type: 'file',
      mode: 0o4751,
      uid: 1000,
      gid: 2_097_151,
      content: Buffer.from('hello'),
      mtime: 1,
    },
    { path: 'g', type: 'file', gid: 2_097_152, mtime: 2 },
  ]);
  const { bytes } = await tarOf(tree);
  const header = Buffer.alloc(512);
  header.write('f', 0);
  header.write('0004751\x000001750\x007777777\x0000000000005\x0000000000001\x00', 100);
  header.write('0', 156);
  header.write('ustar\x0000', 257);
  header.write('0000000\x000000000\x00', 329);
  header.fill(' ', 148, 156);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  t.equal(bytes.toString('latin1', 512, 1024), header.toString('latin1'));
  t.equal(bytes.toString('latin1', 1024, 1536), `hello${'\0'.repeat(507)}`);
  t.equal(bytes.toString('latin1', 2048, 2063), '15 gid=2097152\n');
  t.equal(bytes.toString('latin1', 2560 + 116, 2560 + 124), '0000000\0', 'a field with a record is 0');
});

t.test('every kind of object, there and back', needs('root'), async (t) => {
  const scratch = makeScratch(t);
  const tree = scratch.directory('tree');
  buildTree(tree, [
    ...sample,
    ...overlayForm.filter(({ type, path }) => type !== 'socket' && !path.startsWith('x')),
    { path: 'acl', type: 'directory', xattrs: { 'system.posix_acl_default': acl } },
    { path: 'acl/f', type: 'file', mode: 0o750, xattrs: { 'system.posix_acl_access': acl } },
  ]);
  await run('setfattr', ['-n', 'trusted.overlay.opaque', '-v', 'y', tree]);
  const { bytes, result } = await tarOf(tree);
  const back = scratch.directory('back');
  const read = await unpack(bytes, back);
  t.match(read, result, 'both say the same of it');
  // Whiteouts are one inode in an upper, and one each here.
  const lines = differences(tree, back, ['trusted.overlay.origin']).filter(
    (line) => !line.includes('gone: '),
  );
  t.same(lines, []);
  t.ok(statSync(`${back}/sparse`).blocks * 512 < 1 << 20, 'the hole is one again');
  t.ok(statSync(`${back}/all-hole`).blocks * 512 < 1 << 16);
  t.ok((await tarOf(back)).bytes.equals(bytes), 'and its tar is the same');
});

t.test('equal trees have equal tars', needs('root'), async (t) => {
  const scratch = makeScratch(t);
  const elsewhere = makeScratch(t, { on: 'tmpfs' });
  const one = scratch.directory('one');
  const two = elsewhere.directory('two');
  const objects = sample.filter(({ xattrs }) => xattrs === undefined || !('user.large' in xattrs));
  buildTree(one, objects);
  // Another order of creation and of inode numbers, data in the place of holes, other times to the nanosecond.
  const links = objects.filter(({ type }) => type === 'link');
  const depth = ({ path }: TreeObject): number => path.split('/').length;
  const reordered = objects
    .filter(({ type }) => type !== 'link')
    .toReversed()
    .toSorted((a, b) => depth(a) - depth(b))
    .map((object): TreeObject => {
      const { hole = 0, content = Buffer.alloc(0), ...rest } = object;
      return hole === 0 ? object : { ...rest, content: Buffer.concat([Buffer.alloc(hole), content]) };
    });
  buildTree(two, [...reordered, ...links]);
  utimesSync(`${one}/large`, 1, 1_000_000_000.25);
  utimesSync(`${two}/large`, 2, 1_000_000_000.75);
  const first = await tarOf(one);
  t.ok(first.bytes.equals((await tarOf(two)).bytes));
  t.ok(first.bytes.equals((await tarOf(one)).bytes), 'twice');
});

t.test('a timestamp makes builds at two times equal', needs('root'), async (t) => {
  const scratch = makeScratch(t);
  const [one, two] = [scratch.directory('one'), scratch.directory('two')];
  for (const [tree, mtime] of [
    [one, 2_000_000_000],
    [two, 2_000_000_500],
  ] as const) {
    buildTree(tree, [
      { path: 'old', type: 'file', mtime: 5 },
      { path: 'new', type: 'directory', mtime },
      { path: 'new/l', type: 'symlink', mtime },
    ]);
    utimesSync(tree, mtime, mtime);
  }
  t.notOk((await tarOf(one)).bytes.equals((await tarOf(two)).bytes));
  const [first, second] = [
    await tarOf(one, { timestamp: 1_500_000_000 }),
    await tarOf(two, { timestamp: 1_500_000_000 }),
  ];
  t.ok(first.bytes.equals(second.bytes));
  const back = scratch.directory('back');
  await unpack(first.bytes, back);
  t.equal(statSync(`${back}/old`).mtimeMs, 5000, 'what is older keeps its time');
  t.equal(statSync(`${back}/new`).mtimeMs, 1_500_000_000_000);
  t.equal(statSync(back).mtimeMs, 1_500_000_000_000);
});

t.test('marks of the other namespace', needs('root'), async (t) => {
  const scratch = makeScratch(t);
  const tree = scratch.directory('tree');
  buildTree(tree, [{ path: 'd', type: 'directory', xattrs: { 'user.overlay.opaque': Buffer.from('y') } }]);
  t.same(headersOf((await tarOf(tree)).bytes), ['5 ./', '5 d/']);
  t.same(headersOf((await tarOf(tree, { xattrs: 'user' })).bytes), ['5 ./', '5 d/', '0 d/.wh..wh..opq']);
});

t.test('what it refuses', needs('root'), async (t) => {
  const scratch = makeScratch(t);
  let counter = 0;
  const refuses = async (code: string, ...objects: TreeObject[]): Promise<void> => {
    const tree = scratch.directory(`tree-${String(++counter)}`);
    buildTree(tree, objects);
    await t.rejects(tarOf(tree), { code, name: 'UserError' }, code);
  };
  const mark = (name: string): Record<string, Buffer> => ({
    [`trusted.overlay.${name}`]: Buffer.from('other'),
  });
  await refuses('unsettled-layer', { path: 'f', type: 'file', hole: 9, xattrs: mark('metacopy') });
  await refuses('unsettled-layer', { path: 'd', type: 'directory', xattrs: mark('redirect') });
  await refuses('reserved-name', { path: '.wh.f', type: 'file' });
  await refuses('reserved-name', { path: '.wh..wh..opq', type: 'char' });
  const directories = Array.from({ length: 20 }, (_, level) =>
    'n'
      .repeat(250)
      .concat('/')
      .repeat(level + 1)
      .slice(0, -1),
  );
  await refuses('path-too-long', ...directories.map((path): TreeObject => ({ path, type: 'directory' })));
  await t.rejects(tarOf(`${scratch.path}/missing`), { code: 'ENOENT' });
});

t.test('sink and signal', needs('root'), async (t) => {
  const scratch = makeScratch(t);
  const tree = scratch.directory('tree');
  buildTree(tree, [{ path: 'f', type: 'file', content: Buffer.alloc(3 << 20, 'f') }]);

  let running = 0;
  const chunks: Buffer[] = [];
  await writeLayerTar(tree, async (chunk) => {
    running += 1;
    t.equal(running, 1, 'one chunk at a time');
    await new Promise(setImmediate);
    chunks.push(chunk);
    running -= 1;
  });
  t.ok(Buffer.concat(chunks).equals((await tarOf(tree)).bytes), 'chunks can be kept');
  const full = new Error('no space');
  await t.rejects(
    writeLayerTar(tree, () => Promise.reject(full)),
    full,
  );
  const reason = new Error('enough');
  await t.rejects(tarOf(tree, { signal: AbortSignal.abort(reason) }), reason);
});
