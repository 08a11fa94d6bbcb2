/**
 * Layers that somebody has made to do harm. Each is refused with the entry's name, or unpacked without harm; in no case
 * does anything outside of the target change.
 */
import { linkSync, readdirSync } from 'node:fs';
import t from 'tap';
import { UserError } from '../../src/base/user-error.ts';
import { needs } from '../fixtures/needs.ts';
import { makeScratch } from '../fixtures/mount.ts';
import { treeDifferences } from '../fixtures/tree.ts';
import { buildTree, snapshot, unpack } from './fixtures/layers.ts';
import { end, paxRecords, rawEntry, rawTar, type RawEntry } from './fixtures/raw-tar.ts';

const link = (name: string, target: string): RawEntry => ({ name, type: '2', link: target });
const hard = (name: string, target: string): RawEntry => ({ name, type: '1', link: target });
const comment = (size: number): RawEntry => ({
  ...{ name: 'p', type: 'x' },
  content: paxRecords([['comment', 'c'.repeat(size - 20)]]),
});
const globals = (first: number, count: number): RawEntry => ({
  ...{ name: 'p', type: 'g' },
  content: paxRecords(
    Array.from({ length: count }, (_, at) => [`key${String(first + at)}`, 'value'] as const),
  ),
});
const zeroDevice = { 329: '0000000\0', 337: '0000000\0' };
const victim = '../victim/file';

/** `undefined`: it does no harm. Otherwise what the message must say of the entry. */
const corpus: Record<string, [RawEntry[] | Buffer, RegExp | undefined]> = {
  '.. in a path': [[{ name: '../victim/file', content: 'x' }], /"\.\.\/victim\/file".*leads out/],
  '.. in the middle': [[{ name: 'a/../../victim/file', content: 'x' }], /leads out/],
  '.. at the end': [[{ name: 'a/..', type: '5', mode: 0 }], /leads out/],
  '.. behind ./': [[{ name: './../victim/file', content: 'x' }], /leads out/],
  'an absolute path': [[{ name: '/victim/file', content: 'x' }], undefined],
  'an absolute link and a file through it': [
    [link('l', '/etc'), { name: 'l/harm', content: 'x' }],
    undefined,
  ],
  'a link out and a file through it': [[link('l', '../victim'), { name: 'l/file', content: 'x' }], undefined],
  'a link out, given once more as a file': [[link('l', victim), { name: 'l', content: 'x' }], undefined],
  'a link out, given once more as a directory': [
    [link('l', '../victim'), { name: 'l', type: '5', mode: 0o777 }, { name: 'l/file', content: 'x' }],
    undefined,
  ],
  'a chain of links out': [
    [link('a', '..'), link('b', 'a/..'), link('c', 'b/victim'), { name: 'c/file', content: 'x' }],
    undefined,
  ],
  'links in a circle': [[link('a', 'b'), link('b', 'a'), { name: 'a/f', content: 'x' }], /"a\/f".*ELOOP/],
  'a link to itself and below': [[link('a', 'a/a/a'), { name: 'a/f', content: 'x' }], /ELOOP/],
  'a hard link out': [[hard('h', victim), { name: 'h', content: 'x' }], /"\.\.\/victim|leads out/],
  'a hard link to an absolute path': [[hard('h', '/etc/passwd')], /"h".*not there/],
  'a hard link through a link out': [[link('l', '../victim'), hard('h', 'l/file')], /"h".*not there/],
  'a hard link to a link out': [[link('l', victim), hard('h', 'l'), { name: 'h', content: 'x' }], undefined],
  'a hard link to nothing': [[hard('h', 'missing')], /"h".*"missing".*not there/],
  'a hard link to a directory': [[{ name: 'd/', type: '5' }, hard('h', 'd')], /directory/],
  'a hard link to the top': [[hard('h', './')], /directory/],
  'a hard link to a whiteout': [[{ name: '.wh.w' }, hard('h', 'w')], /not there/],
  'a hard link that removes what it leads to': [
    [{ name: 'd/', type: '5' }, { name: 'd/f', content: 'x' }, hard('d', 'd/f')],
    /"d"/,
  ],
  'a whiteout of ..': [[{ name: '.wh...' }], /no name/],
  'a whiteout of .': [[{ name: 'd/.wh..' }], /no name/],
  'a whiteout of nothing': [[{ name: '.wh.' }], /no name/],
  'a whiteout through a link out': [[link('l', '../victim'), { name: 'l/.wh.file' }], undefined],
  'below a whiteout': [[{ name: '.wh.d/f', content: 'x' }], /below a whiteout/],
  'an opaque mark through a link out': [[link('l', '../victim'), { name: 'l/.wh..wh..opq' }], undefined],
  "AUFS's links": [[{ name: '.wh..wh.plnk/1.2', content: 'x' }, { name: '.wh..wh..wh.x' }], undefined],
  'a whiteout as a device': [[{ name: 'w', type: '3', patch: zeroDevice }], /"w".*0\/0/],
  'a device beyond all numbers': [[{ name: 'w', type: '3', patch: { 329: '7777777\0' } }], /no device/],
  'a device in the way': [
    [
      { name: 'n', type: '3', patch: { 329: '0000001\0', 337: '0000003\0' } },
      { name: 'n/f', content: 'x' },
    ],
    /"n\/f".*ENOTDIR/,
  ],
  'a file in the way': [
    [
      { name: 'n', content: 'x' },
      { name: 'n/f', content: 'x' },
    ],
    /"n\/f".*ENOTDIR/,
  ],
  'a FIFO in the way, opened as a file': [
    [
      { name: 'p', type: '6' },
      { name: 'p', content: 'x' },
    ],
    undefined,
  ],
  'the top as a file': [[{ name: './', type: '0', content: '' }], undefined],
  'the top as a symbolic link': [[link('.', '../victim')], /top of the layer/],
  'marks of overlays in attributes': [
    [
      {
        name: 'd/',
        type: '5',
        pax: [
          ['SCHILY.xattr.trusted.overlay.redirect', '/../../victim'],
          ['SCHILY.xattr.trusted.overlay.metacopy', ''],
          ['SCHILY.xattr.user.overlay.redirect', '/victim'],
        ],
      },
    ],
    undefined,
  ],
  'a declared size of 8 GiB': [[{ name: 'f', size: 8 ** 11 - 1, content: 'x' }], /"f"|ends in the middle/],
  'a declared size of 8 EiB': [
    [{ name: 'f', content: 'x', patch: { 124: Buffer.from('800000007fffffffffffffff', 'hex') } }],
    /size/,
  ],
  'a negative size': [
    [{ name: 'f', content: 'x', patch: { 124: Buffer.from('ffffffffffffffffffffffff', 'hex') } }],
    /size/,
  ],
  'a size in letters': [[{ name: 'f', content: 'x', patch: { 124: 'abcdefghijk\0' } }], /size/],
  'a header of records that is huge': [[{ name: 'p', type: 'x', size: 8 ** 10 }], /extended header/],
  'a long name that is huge': [[{ name: 'p', type: 'L', size: 8 ** 10 }], /extended header/],
  'headers without end in front of an entry': [
    [...Array.from({ length: 9 }, () => comment(1 << 20)), { name: 'f' }],
    /extended headers of more than 8 MiB/,
  ],
  'global records without end': [
    Array.from({ length: 3 }, (_, part) => globals(part * 500, 500)),
    /global headers say too much/,
  ],
  'records that are none': [[{ name: 'p', type: 'x', content: 'no records' }], /list of records/],
  'records that are longer than the header': [
    [{ name: 'p', type: 'x', content: '99 path=x\n' }],
    /list of records/,
  ],
  'a record of no length': [[{ name: 'p', type: 'x', content: '0 path=x\n' }], /list of records/],
  'a record without a key': [[{ name: 'p', type: 'x', content: '5 =x\n' }], /list of records/],
  'records before the end': [[{ name: 'p', type: 'x', content: '9 path=x\n' }], /extended header/],
  'a NUL in a path': [[{ name: 'f', pax: [['path', 'a\0b']] }], /NUL/],
  'an id that means none': [[{ name: 'f', pax: [['uid', '4294967295']] }], /id/],
  'an id that is no number': [[{ name: 'f', pax: [['gid', '-1']] }], /gid/],
  'a time that is no number': [[{ name: 'f', pax: [['mtime', 'soon']] }], /mtime/],
  'a name of 300 bytes': [[{ name: 'f', pax: [['path', 'n'.repeat(300)]] }], /ENAMETOOLONG/],
  'a path of a megabyte': [[{ name: 'f', pax: [['path', 'n/'.repeat(1 << 19)]] }], /too long/],
  'a path of 2,000 directories': [
    [{ name: 'f', pax: [['path', `${'n/'.repeat(2000)}f`]], content: 'x' }],
    undefined,
  ],
  'a symbolic link to nothing': [[link('l', '')], /"l"/],
  'no name': [[{ name: '', content: 'x' }], /no path/],
  'a type that nobody knows': [[{ name: 'f', type: 'Q' }], /"f".*"Q"/],
  'a part of a volume': [[{ name: 'f', type: 'M', content: 'x' }], /"M"/],
  'a wrong checksum': [
    Buffer.concat([rawEntry({ name: 'f' }).fill('9', 148, 154), end]),
    /"f".*checksum|checksum.*"f"|"f"/,
  ],
  'a zero block between entries': [
    Buffer.concat([rawEntry({ name: 'a' }), end.subarray(512), rawEntry({ name: 'b' }), end]),
    /zeros/,
  ],
  'a sparse map that overlaps': [
    sparse('1\n0\n512\n'.replace('1\n', '2\n') + '0\n512\n', 1024, 1024),
    /sparse map/,
  ],
  'a sparse map beyond the file': [sparse('1\n1000\n512\n', 512, 1024), /sparse map/],
  'a sparse map of other data': [sparse('1\n0\n100\n', 512, 1024), /sparse map/],
  'a sparse map without an end': [sparse('1\n0\n', 0, 1024), /sparse map/],
  'a sparse map of a billion runs': [sparse('1000000000\n0\n1\n', 512, 1024), /sparse map/],
  'a sparse map in letters': [sparse('one\n', 0, 1024), /sparse map/],
  'a sparse file of 8 PiB': [sparse('0\n', 0, 2 ** 53 - 1), /"s".*EFBIG|"s"/],
  'a list that is none': [
    [{ name: 'f', pax: [['SCHILY.xattr.system.posix_acl_access', 'not a list']] }],
    /"f".*no access control list/,
  ],
  'an attribute of a megabyte': [
    [{ name: 'f', pax: [['SCHILY.xattr.user.x', 'x'.repeat(1 << 20)]] }],
    /"f".*E2BIG|"f"/,
  ],
  'an attribute with a long name': [
    [{ name: 'f', pax: [[`SCHILY.xattr.user.${'x'.repeat(255)}`, 'x']] }],
    /"f"/,
  ],
};

function sparse(map: string, dataLength: number, size: number): RawEntry[] {
  const head = Buffer.alloc(512);
  head.write(map);
  return [
    {
      name: 'fake',
      content: Buffer.concat([head, Buffer.alloc(dataLength, 'x')]),
      pax: [
        ['GNU.sparse.major', '1'],
        ['GNU.sparse.minor', '0'],
        ['GNU.sparse.name', 's'],
        ['GNU.sparse.realsize', String(size)],
      ],
    },
  ];
}

for (const [title, [tar, expected]] of Object.entries(corpus)) {
  t.test(title, needs('root'), async (t) => {
    const scratch = makeScratch(t);
    const target = scratch.directory('target');
    buildTree(scratch.directory('victim'), [
      { path: 'file', type: 'file', content: Buffer.from('untouched') },
      { path: 'dir', type: 'directory' },
    ]);
    linkSync(`${scratch.path}/victim/file`, `${scratch.path}/victim/second`);
    const before = snapshot(`${scratch.path}/victim`);
    const bytes = Buffer.isBuffer(tar) ? tar : rawTar(...tar);
    const failure: unknown = await unpack(bytes, target).then(
      () => undefined,
      (error: unknown) => error,
    );
    if (expected === undefined) {
      t.equal(failure, undefined);
    } else {
      t.match(failure, { code: 'bad-layer', message: expected });
      t.ok(failure instanceof UserError);
    }
    t.same(treeDifferences(before, snapshot(`${scratch.path}/victim`)), []);
    t.same(readdirSync(scratch.path).toSorted(), ['target', 'victim']);
  });
}
