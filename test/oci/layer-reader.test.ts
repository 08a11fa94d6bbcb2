/** What the entries of a tar become on the disk: one small tar by hand for each rule. */
import { readFileSync, statSync } from 'node:fs';
import t, { type Test } from 'tap';
import type { TreeRecord } from '../fixtures/tree.ts';
import { applyLayerTar } from '../../src/oci/layer-reader.ts';
import { makeScratch } from '../fixtures/mount.ts';
import { needs } from '../fixtures/needs.ts';
import { end, paxRecords, rawEntry, rawTar, type RawEntry } from './fixtures/raw-tar.ts';
import { snapshot, unpack } from './fixtures/layers.ts';

const scratch = makeScratch(t);
let counter = 0;

async function unpacked(
  bytes: Buffer,
  options: Parameters<typeof unpack>[2] = {},
): Promise<{ at: (path: string) => string; tree: Map<string, TreeRecord> }> {
  const target = scratch.directory(`t${String(++counter)}`);
  await unpack(bytes, target, options);
  return { at: (path) => `${target}/${path}`, tree: new Map(snapshot(target)) };
}

const opaque = { 'trusted.overlay.opaque': 'y' };
const whiteout = { type: 'char', device: '0:0' } as const;
const d = (name: string, more: Partial<RawEntry> = {}): RawEntry => ({ name, type: '5', ...more });
const f = (name: string, content = 'x', more: Partial<RawEntry> = {}): RawEntry => ({
  name,
  content,
  ...more,
});
const wh = (name: string): RawEntry => ({ name });

/** Entries, and what must be at some paths; undefined for nothing. */
const table: Record<string, [RawEntry[], Record<string, Partial<TreeRecord> | undefined>]> = {
  'every type': [
    [
      d('d/', { mode: 0o1777, uid: 5, gid: 6 }),
      f('d/f', 'hello', { mode: 0o6755, uid: 7, gid: 8 }),
      { name: 'l', type: '2', link: '../../etc', uid: 9 },
      { name: 'c', type: '3', patch: { 329: '0000001\0', 337: '0000003\0' } },
      { name: 'b', type: '4', patch: { 329: '0000010\0', 337: '0000377\0' } },
      { name: 'p', type: '6', mode: 0o600 },
      { name: 'h', type: '1', link: './d/f' },
      { name: 'seven', type: '7', content: 'contiguous' },
    ],
    {
      d: { type: 'directory', mode: 0o1777, uid: 5, gid: 6, mtime: '1000000000.000000000' },
      'd/f': { type: 'file', mode: 0o6755, uid: 7, gid: 8, size: 5, nlink: 2, mtime: '1000000000.000000000' },
      l: { type: 'symlink', target: '../../etc', uid: 9, mtime: '1000000000.000000000' },
      c: { type: 'char', device: '1:3' },
      b: { type: 'block', device: '8:255' },
      p: { type: 'fifo', mode: 0o600 },
      h: { type: 'file', sameAs: 'd/f' },
      seven: { size: 10 },
    },
  ],
  'whiteouts and opaque marks': [
    [wh('.wh.gone'), d('d/'), wh('d/.wh..wh..opq'), wh('new/.wh.deep')],
    {
      gone: whiteout,
      '.wh.gone': undefined,
      d: { type: 'directory', xattrs: opaque },
      'd/.wh..wh..opq': undefined,
      new: { type: 'directory', mode: 0o755, uid: 0 },
      'new/deep': whiteout,
    },
  ],
  'an opaque mark behind what it does not hide': [
    [d('d/'), f('d/f'), wh('d/.wh..wh..opq'), f('d/g')],
    { d: { xattrs: opaque }, 'd/f': { size: 1 }, 'd/g': { size: 1 } },
  ],
  'an opaque mark without its directory': [
    [wh('a/b/.wh..wh..opq')],
    { 'a/b': { xattrs: opaque, mode: 0o755 }, a: { xattrs: {} } },
  ],
  'the whole layer is opaque': [[wh('.wh..wh..opq'), d('./')], { '.': { xattrs: opaque } }],
  'a whiteout before a directory of its name': [
    [wh('.wh.d'), d('d/'), f('d/f')],
    { d: { type: 'directory', xattrs: opaque }, 'd/f': { size: 1 } },
  ],
  'a whiteout after a directory of its name': [
    [d('d/'), f('d/f'), wh('.wh.d')],
    { d: { type: 'directory', xattrs: opaque }, 'd/f': { size: 1 } },
  ],
  'a whiteout where an entry makes a directory': [
    [wh('.wh.d'), f('d/f')],
    { d: { type: 'directory', xattrs: opaque, mode: 0o755 }, 'd/f': { size: 1 } },
  ],
  'a whiteout before and after a file of its name': [
    [wh('.wh.a'), f('a'), f('b'), wh('.wh.b')],
    { a: { type: 'file' }, b: { type: 'file' } },
  ],
  'a whiteout twice, and as a hard link': [
    [wh('.wh.a'), wh('.wh.a'), { name: '.wh.b', type: '1', link: '.wh.a' }],
    { a: whiteout, b: whiteout },
  ],
  'a whiteout with content': [
    [{ name: '.wh.a', content: 'y'.repeat(700) }, f('b')],
    { a: whiteout, b: { size: 1 } },
  ],
  "AUFS's own business": [
    [d('.wh..wh.plnk/'), f('.wh..wh.plnk/12.34'), wh('.wh..wh.aufs'), wh('d/.wh..wh.orph'), f('f')],
    { '.wh..wh.plnk': undefined, '.wh..wh.aufs': undefined, d: undefined, f: { size: 1 } },
  ],
  'a directory twice': [
    [
      d('d/', { mode: 0o700, pax: [['SCHILY.xattr.user.first', '1']] }),
      f('d/f'),
      wh('d/.wh..wh..opq'),
      d('d', { mode: 0o711, mtime: 5, pax: [['SCHILY.xattr.user.second', '2']] }),
    ],
    {
      d: { mode: 0o711, mtime: '5.000000000', xattrs: { ...opaque, 'user.second': '2' } },
      'd/f': { size: 1 },
    },
  ],
  'a file for a directory': [
    [d('d/'), d('d/sub/'), f('d/sub/f'), f('d', 'now a file'), f('e')],
    { d: { type: 'file', size: 10 }, 'd/sub': undefined },
  ],
  'a directory for a file': [
    [f('d'), d('d/', { mode: 0o750, mtime: 7 }), f('d/f')],
    { d: { type: 'directory', mode: 0o750, xattrs: opaque, mtime: '7.000000000' }, 'd/f': { size: 1 } },
  ],
  'a file for a directory, and a directory again': [
    [d('d/'), d('d/s/'), f('d/s/f'), { name: 'd', type: '2', link: 'x' }, d('d/s/', { mtime: 9 })],
    { d: { type: 'symlink' }, x: { type: 'directory' }, 'x/s': { type: 'directory', mtime: '9.000000000' } },
  ],
  'a file twice leaves the other name of the first alone': [
    [f('a', 'first'), { name: 'b', type: '1', link: 'a' }, f('a', 'second!')],
    { a: { size: 7, nlink: 1 }, b: { size: 5, nlink: 1 } },
  ],
  'a hard link in the place of others': [
    [f('a'), f('b', 'bb'), { name: 'b', type: '1', link: 'a' }, { name: 'a', type: '1', link: 'a' }],
    { a: { nlink: 2, size: 1 }, b: { sameAs: 'a' } },
  ],
  'a hard link to a symbolic link': [
    [
      { name: 'l', type: '2', link: 'nowhere' },
      { name: 'm', type: '1', link: 'l' },
    ],
    { l: { type: 'symlink', nlink: 2 }, m: { type: 'symlink', target: 'nowhere', sameAs: 'l' } },
  ],
  'a symbolic link on the way stays inside': [
    [
      d('usr/'),
      d('usr/lib/'),
      { name: 'lib', type: '2', link: 'usr/lib' },
      { name: 'abs', type: '2', link: '/usr' },
      { name: 'up', type: '2', link: '../../../../usr/../usr/lib' },
      { name: 'usr/loop', type: '2', link: '/lib/..' },
      f('lib/a'),
      f('abs/lib/b'),
      f('up/c'),
      f('usr/loop/lib/d'),
      { name: 'e', type: '1', link: 'up/a' },
      wh('abs/.wh.gone'),
    ],
    {
      lib: { type: 'symlink' },
      'usr/lib/a': { sameAs: 'e' },
      'usr/lib/b': { size: 1 },
      'usr/lib/c': { size: 1 },
      'usr/lib/d': { size: 1 },
      'usr/gone': whiteout,
    },
  ],
  'a symbolic link on the way to what is not there yet': [
    [{ name: 'l', type: '2', link: 'new/dir' }, f('l/f')],
    { l: { type: 'symlink' }, new: { type: 'directory', mode: 0o755 }, 'new/dir/f': { size: 1 } },
  ],
  'parents that no entry describes': [
    [f('a/b/c/f'), d('a/b/', { mode: 0o700, uid: 3 })],
    {
      a: { mode: 0o755, uid: 0, gid: 0, mtime: '0.000000000' },
      'a/b': { mode: 0o700, uid: 3, mtime: '1000000000.000000000' },
      'a/b/c': { mode: 0o755 },
    },
  ],
  'a setgid directory gives nothing on': [
    [d('d/', { mode: 0o2775, gid: 42 }), f('d/f'), d('d/s/'), f('d/t/f')],
    {
      d: { mode: 0o2775, gid: 42 },
      'd/f': { gid: 0 },
      'd/s': { gid: 0, mode: 0o755 },
      'd/t': { gid: 0, mode: 0o755 },
    },
  ],
  'forms of paths': [
    [d('./'), f('./a'), f('/b'), f('.//c/.//d'), d('e//')],
    {
      '.': { mode: 0o755, mtime: '1000000000.000000000' },
      a: {},
      b: {},
      'c/d': {},
      e: { type: 'directory' },
    },
  ],
  'a directory by its slash': [[{ name: 'old/', type: '\0' }], { old: { type: 'directory' } }],
  'marks of overlays in attributes are not taken as such': [
    [
      d('d/', {
        pax: [
          ['SCHILY.xattr.trusted.overlay.opaque', 'y'],
          ['SCHILY.xattr.user.overlay.opaque', 'y'],
          ['SCHILY.xattr.user.fuseoverlayfs.opaque', 'y'],
          ['SCHILY.xattr.trusted.overlay.redirect', '/etc'],
          ['SCHILY.xattr.security.selinux', 'label'],
          ['SCHILY.xattr.user.kept', 'k'],
        ],
      }),
    ],
    {
      d: {
        xattrs: {
          'trusted.overlay.overlay.opaque': 'y',
          'trusted.overlay.overlay.redirect': '/etc',
          'user.kept': 'k',
        },
      },
    },
  ],
  'attributes of any bytes': [
    [
      f('f', 'x', {
        uid: 12,
        mode: 0o4755,
        pax: [
          ['SCHILY.xattr.user.binary', Buffer.from([0, 10, 255, 61, 0])],
          ['SCHILY.xattr.user.empty', ''],
          ['SCHILY.xattr.user.a%3Db%2525', 'escaped'],
          [
            'SCHILY.xattr.security.capability',
            Buffer.from('0100000200040000000000000000000000000000', 'hex'),
          ],
        ],
      }),
    ],
    {
      f: {
        mode: 0o4755,
        xattrs: {
          'user.binary': '\0\n\xff=\0',
          'user.empty': '',
          'user.a=b%25': 'escaped',
          'security.capability': Buffer.from('0100000200040000000000000000000000000000', 'hex').toString(
            'latin1',
          ),
        },
      },
    },
  ],
};

for (const [title, [entries, expected]] of Object.entries(table)) {
  t.test(title, needs('root'), async (t) => {
    const { tree } = await unpacked(rawTar(...entries));
    for (const [path, record] of Object.entries(expected)) {
      if (record === undefined) t.notOk(tree.has(path), `${path} is not there`);
      else t.match(tree.get(path), record, path);
      if (record?.xattrs !== undefined) t.same(tree.get(path)?.xattrs, record.xattrs, `${path}: attributes`);
    }
  });
}

t.test('records in place of fields', needs('root'), async (t) => {
  const long = `${'d'.repeat(200)}/${'n\xe4me'.repeat(60)}`;
  const { tree } = await unpacked(
    rawTar(
      {
        name: 'short',
        content: 'x',
        pax: [
          ['path', long],
          ['uid', '4000000000'],
          ['gid', '3000000'],
          ['mtime', '-1.5'],
          ['atime', '7'],
          ['comment', ''],
        ],
      },
      { name: 'l', type: '2', pax: [['linkpath', 'x'.repeat(300)]] },
      { name: 'empty-value', content: 'x', pax: [['path', '']] },
    ),
  );
  t.match(tree.get(long), { uid: 4_000_000_000, gid: 3_000_000, mtime: '-2.500000000', size: 1 });
  t.equal(tree.get('l')?.target, 'x'.repeat(300));
  t.ok(tree.has('empty-value'));
});

t.test(
  'a global header holds until the next, and its own records of an entry come first',
  needs('root'),
  async (t) => {
    const global = (...records: [string, string][]): RawEntry => ({
      name: 'g',
      type: 'g',
      content: paxRecords(records),
    });
    const { tree } = await unpacked(
      rawTar(
        global(['uid', '11'], ['comment', 'x']),
        f('a'),
        f('b', 'x', { pax: [['uid', '12']] }),
        f('c', 'x', { uid: 5, pax: [['uid', '']] }),
        global(['gid', '13']),
        f('d'),
        global(['uid', ''], ['SCHILY.xattr.user.all', '1']),
        f('e', 'x', { uid: 6 }),
        f('h', 'x', { pax: [['SCHILY.xattr.user.own', '2']] }),
      ),
    );
    t.same(
      ['d', 'e', 'h'].map((name) => Object.keys(tree.get(name)?.xattrs ?? {}).sort()),
      [[], ['user.all'], ['user.all', 'user.own']],
    );
    t.same(
      ['a', 'b', 'c', 'd', 'e'].map((name) => [tree.get(name)?.uid, tree.get(name)?.gid]),
      [
        [11, 0],
        [12, 0],
        [5, 0],
        [11, 13],
        [6, 13],
      ],
    );
  },
);

t.test('numbers in base 256, signed checksums, old headers', needs('root'), async (t) => {
  const base256 = (value: bigint, length: number): Buffer => {
    const bytes = Buffer.from(
      BigInt.asUintN(8 * length, value)
        .toString(16)
        .padStart(2 * length, '0'),
      'hex',
    );
    bytes[0] = (bytes[0] ?? 0) | 0x80;
    return bytes;
  };
  const { tree } = await unpacked(
    rawTar(
      f('a', 'x', { patch: { 108: base256(3_000_000_000n, 8), 136: base256(-7n, 12) } }),
      f('\xe9', 'x', { signedChecksum: true }),
      f('v7', 'x', { patch: { 257: Buffer.alloc(255) } }),
      f('spaces', 'x', { patch: { 100: '   644 \0', 108: '      \0 ', 136: '1000000000  ' } }),
      f('gnu', 'x', { patch: { 257: 'ustar  \0', 345: '07777777777\0' } }),
      f('end', 'x', { patch: { 345: 'p/q' } }),
      f('star', 'x', { patch: { 345: 'c', 476: '07777777777 07777777777 ', 508: 'tar\0' } }),
    ),
  );
  t.match(tree.get('a'), { uid: 3_000_000_000, mtime: '-7.000000000' });
  t.match(tree.get('spaces'), { mode: 0o644, uid: 0, mtime: '134217728.000000000' });
  for (const path of ['\xe9', 'v7', 'gnu', 'p/q/end', 'c/star']) t.ok(tree.has(path), path);
});

t.test('user.overlay for a layer that is mounted so', needs('root'), async (t) => {
  const pax: [string, string][] = [
    ['SCHILY.xattr.trusted.overlay.opaque', 'y'],
    ['SCHILY.xattr.user.overlay.opaque', 'y'],
  ];
  const { tree } = await unpacked(rawTar(d('d/', { pax }), d('e/'), wh('e/.wh..wh..opq')), {
    xattrs: 'user',
  });
  t.same(tree.get('d')?.xattrs, { 'user.overlay.overlay.opaque': 'y' });
  t.same(tree.get('e')?.xattrs, { 'user.overlay.opaque': 'y' });
});

t.test('an inherited list is taken away again', needs('root'), async (t) => {
  // version 2; user::rwx, group::r-x, group:77:rwx, mask::rwx, other::r-x
  const list = Buffer.from(
    '02000000' +
      '01000700ffffffff' +
      '04000500ffffffff' +
      '080007004d000000' +
      '10000700ffffffff' +
      '20000500ffffffff',
    'hex',
  );
  const { tree } = await unpacked(
    rawTar(
      d('d/', { mode: 0o775, pax: [['SCHILY.xattr.system.posix_acl_default', list]] }),
      f('d/f'),
      d('d/s/'),
      f('d/t/f'),
      f('d/own', 'x', { mode: 0o775, pax: [['SCHILY.xattr.system.posix_acl_access', list]] }),
    ),
  );
  const own = list.toString('latin1');
  t.same(tree.get('d')?.xattrs, { 'system.posix_acl_default': own });
  t.match(tree.get('d/f'), { mode: 0o644, xattrs: {} });
  t.same(tree.get('d/f')?.xattrs, {});
  t.same(tree.get('d/s')?.xattrs, {});
  t.same(tree.get('d/t')?.xattrs, {});
  t.match(tree.get('d/t'), { mode: 0o755 });
  t.match(tree.get('d/own'), { mode: 0o775, xattrs: { 'system.posix_acl_access': own } });
});

t.test('the end of a tar', needs('root'), async (t) => {
  const entry = rawEntry(f('f'));
  const garbage = Buffer.from('what follows is no tar'.repeat(99));
  for (const [title, bytes] of Object.entries({
    'two blocks': Buffer.concat([entry, end]),
    'none, as GNU tar takes it': entry,
    'one block': Buffer.concat([entry, end.subarray(512)]),
    'padding to a record': Buffer.concat([entry, Buffer.alloc(9216)]),
    garbage: Buffer.concat([entry, end, garbage]),
    'nothing at all': Buffer.alloc(0),
  })) {
    const target = scratch.directory(`t${String(++counter)}`);
    const result = await unpack(bytes, target, {}, 100);
    t.equal(result.tarSize, bytes.length, `${title}: all of it is counted`);
    t.equal(result.entries, bytes.length === 0 ? 0 : 1, title);
  }
});

t.test('holes are made where long runs of zeros are', needs('root'), async (t) => {
  const content = Buffer.alloc(4 << 20);
  content.write('in the middle', 2_000_003);
  for (const chunkSize of [content.length * 2, 64 << 10, 100_001]) {
    const target = scratch.directory(`t${String(++counter)}`);
    await unpack(
      rawTar({ name: 'f', content }, { name: 'zeros', content: Buffer.alloc(100) }),
      target,
      {},
      chunkSize,
    );
    t.ok(readFileSync(`${target}/f`).equals(content));
    t.ok(statSync(`${target}/f`).blocks < 1024, `chunks of ${String(chunkSize)}`);
    t.equal(statSync(`${target}/zeros`).size, 100);
  }
});

t.test('what it tells and heeds', needs('root'), async (t) => {
  const seen: string[] = [];
  const tar = rawTar(d('d/'), f('d/f', 'abc'), { name: 'h', type: '1', link: 'd/f' }, wh('.wh.x'));
  const target = scratch.directory('tells');
  const result = await unpack(tar, target, { onEntry: (path) => seen.push(path) });
  t.same(seen, ['d/', 'd/f', 'h', '.wh.x']);
  t.match(result, { size: 3, entries: 4, tarSize: tar.length, diffId: /^sha256:[0-9a-f]{64}$/ });
  await t.rejects(unpack(tar, target), { code: 'not-empty' });
  await t.rejects(unpack(tar, `${target}/missing`), { code: 'ENOENT' });

  const aborted = scratch.directory('aborted');
  const controller = new AbortController();
  const reason = new Error('enough');
  await t.rejects(
    unpack(tar, aborted, {
      signal: controller.signal,
      onEntry: () => {
        controller.abort(reason);
      },
    }),
    reason,
  );
});

t.test('a tree that is no layer', needs('root'), async (t) => {
  const target = scratch.directory('plain');
  const marks = [f('.wh.f'), f('sub/.wh..wh..opq'), f('.wh.d/f'), f('.wh.')];
  const tar = rawTar(
    ...marks,
    f('changes'),
    d('changes/'),
    { name: 'l', type: '2', link: 'to' },
    f('l/f'),
    d('sub/'),
  );
  const { implied } = await unpack(tar, target, { plain: true });
  const tree = snapshot(target);
  for (const path of ['.wh.', '.wh.d/f', '.wh.f', 'sub/.wh..wh..opq', 'to/f'])
    t.match(tree.get(path), { type: 'file' }, path);
  t.same([...implied].sort(), ['', '.wh.d', 'to'], 'what has no entry of its own');
  t.match(tree.get('changes'), { type: 'directory', xattrs: {} });
  t.same(Object.keys(tree.get('changes')?.xattrs ?? {}), [], 'nothing is opaque');
  t.notOk((await unpack(rawTar(d('./')), scratch.directory('top'), { plain: true })).implied.has(''));
});

t.test(
  'the source is let go when it fails, and its own error comes through',
  needs('root'),
  async (t: Test) => {
    let closed = false;
    async function* source(fails: boolean): AsyncGenerator<Buffer> {
      try {
        yield Buffer.alloc(512, 'x');
        if (fails) throw new Error('the line is dead');
        for (;;) yield Buffer.alloc(512);
      } finally {
        closed = true;
      }
    }
    await t.rejects(applyLayerTar(source(false), scratch.directory('let-go')), { code: 'bad-layer' });
    t.ok(closed);
    async function* dead(): AsyncGenerator<Buffer> {
      yield rawEntry(f('f')).subarray(0, 600);
      throw new Error('the line is dead');
    }
    await t.rejects(applyLayerTar(dead(), scratch.directory('dead')), { message: 'the line is dead' });
  },
);
