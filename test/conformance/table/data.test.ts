/** Bytes: reads and writes of every kind, by several descriptors, over a copy-up. */
import { conform, type Case } from '../fixtures/conform.ts';
import { falloc, o, seek } from '../fixtures/flags.ts';
import { file } from '../fixtures/layers.ts';
import { expectThat } from '../fixtures/ops.ts';

const text = '0123456789'.repeat(2000);

const cases: Case[] = [
  {
    name: 'writes at offsets, holes, past the end',
    layers: [[file('f', 'hello')]],
    run: async (fs) => {
      const fd = await fs.open('f', o.RDWR);
      await fs.pwrite(fd, 'X', 10);
      await fs.pread(fd, 20, 0, { is: 'hello\0\0\0\0\0X' });
      await fs.pread(fd, 20, 11, { is: '' });
      await fs.pread(fd, 20, 1 << 30, { is: '' });
      await fs.pwrite(fd, 'Y', 5_000_000);
      await fs.fstat(fd, { like: { size: 5_000_001 } });
      await fs.pread(fd, 2, 4_999_999, { is: '\0Y' });
    },
  },
  {
    name: 'O_APPEND, by two descriptors and two processes',
    layers: [[file('f', 'low\n')]],
    run: async (fs) => {
      const other = await fs.other();
      const a = await fs.open('f', o.WRONLY | o.APPEND);
      const b = await fs.open('f', o.RDWR | o.APPEND);
      const c = await other.open('f', o.WRONLY | o.APPEND);
      await fs.append(a, 'one\n');
      await fs.append(b, 'two\n');
      await other.append(c, 'three\n');
      await fs.append(a, 'four\n');
      await fs.read('f', { is: 'low\none\ntwo\nthree\nfour\n' });
      await fs.lseek(b, 0, seek.CUR, { is: 12 });
      await fs.pwrite(b, 'five\n', 0);
      await fs.read('f', { is: 'low\none\ntwo\nthree\nfour\nfive\n' });
    },
  },
  {
    name: 'appends by two processes at once lose nothing',
    layers: [[file('f', '')]],
    run: async (fs) => {
      const other = await fs.other();
      const each = async (who: typeof fs, mark: string): Promise<void> => {
        const fd = await who.open('f', o.WRONLY | o.APPEND);
        for (let n = 0; n < 200; n++) await who.append(fd, mark);
      };
      await Promise.all([each(fs, 'aaaa\n'), each(other, 'bbbb\n')]);
      const lines = (await fs.read('f')).split('\n').slice(0, -1).sort();
      expectThat(
        lines.length === 400 && lines[199] === 'aaaa' && lines[200] === 'bbbb',
        `${String(lines.length)} lines`,
      );
    },
    otherTree: { overlay: 'the order is chance', strata: 'the order is chance' },
  },
  {
    name: 'an old reader sees what a later writer writes',
    layers: [[file('f', text)]],
    run: async (fs) => {
      const reader = await fs.open('f', o.RDONLY);
      await fs.pread(reader, 10, 0, { is: '0123456789' });
      const writer = await fs.open('f', o.RDWR);
      await fs.pwrite(writer, 'ABC', 0);
      await fs.pread(reader, 10, 0, { is: 'ABC3456789' });
      await fs.pwrite(writer, 'end', 30_000);
      await fs.pread(reader, 10, 29_998, { is: '\0\0end' });
      await fs.fstat(reader, { like: { size: 30_003 } });
      await fs.ftruncate(writer, 4);
      await fs.pread(reader, 10, 0, { is: 'ABC3' });
    },
  },
  {
    name: 'the same between processes',
    layers: [[file('f', text)]],
    run: async (fs) => {
      const other = await fs.other();
      const reader = await other.open('f', o.RDONLY);
      await other.pread(reader, 3, 0, { is: '012' });
      await fs.write('f', 'XYZ', { flags: o.WRONLY });
      await other.pread(reader, 4, 0, { is: 'XYZ3' });
      await fs.truncate('f', 0);
      await other.pread(reader, 4, 0, { is: '' });
      await other.fstat(reader, { like: { size: 0 } });
    },
  },
  {
    name: 'private mappings, shared mappings, and writes',
    layers: [[file('f', text)]],
    run: async (fs) => {
      const fd = await fs.open('f', o.RDWR);
      const shared = await fs.call<number>(undefined, 'mmap', fd, 20_000, true, true);
      const own = await fs.call<number>(undefined, 'mmap', fd, 20_000, false, true);
      await fs.call({ is: '01234' }, 'load', shared, 0, 5);
      await fs.call(undefined, 'store', shared, 0, 'SHARE');
      await fs.pread(fd, 6, 0, { is: 'SHARE5' });
      await fs.pwrite(fd, 'PW', 10_000);
      await fs.call({ is: 'PW2' }, 'load', shared, 10_000, 3);
      await fs.call(undefined, 'store', own, 4096, 'PRIVATE');
      await fs.pread(fd, 5, 4096, { is: '67890' });
      await fs.call(undefined, 'msync', shared);
      await fs.read('f', { is: `SHARE${text.slice(5, 10_000)}PW${text.slice(10_002)}` });
    },
  },
  {
    name: 'a mapping outlives its descriptor and its name',
    layers: [[file('f', text)]],
    run: async (fs) => {
      const fd = await fs.open('f', o.RDWR);
      const map = await fs.call<number>(undefined, 'mmap', fd, 20_000, true, true);
      await fs.close(fd);
      await fs.call(undefined, 'store', map, 100, 'mapped');
      await fs.rename('f', 'g');
      const reader = await fs.open('g', o.RDONLY);
      await fs.pread(reader, 6, 100, { is: 'mapped' });
      await fs.unlink('g');
      await fs.call({ is: 'mapped' }, 'load', map, 100, 6);
    },
  },
  {
    name: 'O_DIRECT',
    layers: [[file('f', 'x'.repeat(16_384))]],
    run: async (fs) => {
      const fd = await fs.open('f', o.RDWR | o.DIRECT);
      await fs.call({ is: 4096 }, 'direct_write', fd, 65, 4096, 4096);
      await fs.call({ is: 'A'.repeat(4096) }, 'direct_read', fd, 4096, 4096);
      const cached = await fs.open('f', o.RDWR);
      await fs.pread(cached, 2, 4095, { is: 'xA' });
      await fs.pwrite(cached, 'Z', 4096);
      await fs.fsync(cached);
      const block = await fs.call<string>(undefined, 'direct_read', fd, 4096, 4096);
      expectThat(block.startsWith('ZA'), `O_DIRECT reads ${block.slice(0, 3)}`);
    },
  },
  {
    name: 'copy_file_range and sendfile: from lower, to upper, to itself',
    layers: [[file('from', text), file('to', 'target')]],
    run: async (fs) => {
      const from = await fs.open('from', o.RDONLY);
      const to = await fs.open('to', o.RDWR);
      const copied = await fs.call<number>(undefined, 'copyrange', from, 10, to, 3, 5);
      expectThat(copied === 5, `${String(copied)} bytes`);
      await fs.pread(to, 100, 0, { is: 'tar01234' });
      await fs.call({ is: 4 }, 'copyrange', to, 0, to, 20, 4);
      await fs.pread(to, 4, 20, { is: 'tar0' });
      const sent = await fs.open('sent', o.RDWR | o.CREAT);
      await fs.call({ is: 20_000 }, 'sendfile', sent, from, 0, 20_000);
      await fs.read('sent', { is: text });
      await fs.call({ fails: 'EINVAL' }, 'copyrange', to, 0, to, 2, 4);
      await fs.call({ fails: 'EBADF' }, 'copyrange', to, 0, from, 0, 4);
      await fs.call({ is: 0 }, 'copyrange', from, 1 << 20, to, 0, 4);
    },
  },
  {
    name: 'fallocate: grow, keep size, punch, zero, insert, collapse',
    layers: [[file('f', 'a'.repeat(16_384))]],
    run: async (fs) => {
      const fd = await fs.open('f', o.RDWR);
      await fs.fallocate(fd, 0, 16_384, 4096);
      await fs.fstat(fd, { like: { size: 20_480 } });
      await fs.fallocate(fd, falloc.KEEP_SIZE, 20_480, 4096);
      await fs.fstat(fd, { like: { size: 20_480 } });
      await fs.fallocate(fd, falloc.PUNCH_HOLE | falloc.KEEP_SIZE, 4096, 4096);
      await fs.pread(fd, 3, 4095, { is: 'a\0\0' });
      await fs.lseek(fd, 0, seek.HOLE, { is: 4096 });
      await fs.lseek(fd, 4096, seek.DATA, { is: 8192 });
      await fs.fallocate(fd, falloc.ZERO, 8192, 10);
      await fs.pread(fd, 3, 8200, { is: '\0\0a' });
      await fs.fallocate(fd, 0, 0, 0, { fails: 'EINVAL' });
      await fs.fallocate(fd, falloc.PUNCH_HOLE, 0, 4096, { fails: 'EOPNOTSUPP' });
      const reader = await fs.open('f', o.RDONLY);
      await fs.fallocate(reader, 0, 0, 10, { fails: 'EBADF' });
    },
  },
  {
    name: 'fallocate collapse and insert go through or are refused, never half',
    layers: [[file('f', `${'a'.repeat(4096)}${'b'.repeat(4096)}${'c'.repeat(4096)}`)]],
    not: { strata: 'FUSE knows no collapse and insert (EOPNOTSUPP by the kernel)' },
    run: async (fs) => {
      const fd = await fs.open('f', o.RDWR);
      await fs.fallocate(fd, falloc.COLLAPSE, 4096, 4096);
      await fs.pread(fd, 2, 4095, { is: 'ac' });
      await fs.fallocate(fd, falloc.INSERT, 4096, 4096);
      await fs.pread(fd, 2, 4095, { is: 'a\0' });
    },
  },
  {
    name: 'SEEK_DATA and SEEK_HOLE of a lower file, positions, ends',
    layers: [[file('f', 'x'.repeat(10_000))]],
    run: async (fs) => {
      const fd = await fs.open('f', o.RDONLY);
      await fs.lseek(fd, 0, seek.DATA, { is: 0 });
      await fs.lseek(fd, 0, seek.HOLE, { is: 10_000 });
      await fs.lseek(fd, 10_000, seek.DATA, { fails: 'ENXIO' });
      await fs.lseek(fd, 0, seek.END, { is: 10_000 });
      await fs.lseek(fd, -1, seek.SET, { fails: 'EINVAL' });
      await fs.lseek(fd, 5, seek.SET);
      await fs.call({ is: 'x' }, 'read', fd, 1);
      await fs.lseek(fd, 0, seek.CUR, { is: 6 });
    },
  },
  {
    name: 'truncate: shorter, longer, errors',
    layers: [[file('f', text), file('d/x')]],
    run: async (fs) => {
      await fs.truncate('f', 5);
      await fs.read('f', { is: '01234' });
      await fs.truncate('f', 8);
      await fs.read('f', { is: '01234\0\0\0' });
      await fs.truncate('d', 0, { fails: 'EISDIR' });
      await fs.truncate('no', 0, { fails: 'ENOENT' });
      await fs.truncate('f', -1, { fails: 'EINVAL' });
      const reader = await fs.open('f', o.RDONLY);
      await fs.ftruncate(reader, 0, { fails: 'EINVAL' });
    },
  },
  {
    name: 'fsync and fdatasync of files and directories',
    layers: [[file('d/low', 'x')]],
    run: async (fs) => {
      for (const flags of [o.RDONLY, o.RDWR]) {
        const fd = await fs.open('d/low', flags);
        await fs.fsync(fd);
        await fs.call(undefined, 'fdatasync', fd);
      }
      const directory = await fs.open('d', o.RDONLY | o.DIRECTORY);
      await fs.fsync(directory);
      await fs.call(undefined, 'fdatasync', directory);
    },
  },
  {
    name: 'writing to what was opened for reading, reading from what was opened for writing',
    layers: [[file('f', 'x')]],
    run: async (fs) => {
      const reader = await fs.open('f', o.RDONLY);
      await fs.pwrite(reader, 'y', 0, { fails: 'EBADF' });
      const writer = await fs.open('f', o.WRONLY);
      await fs.pread(writer, 1, 0, { fails: 'EBADF' });
    },
  },
  {
    name: 'a megabyte, written in odd pieces',
    layers: [[file('f', 'low')]],
    run: async (fs) => {
      const fd = await fs.open('f', o.RDWR);
      const piece = 'abcdefghijklmnopqrstuvwxyz'.repeat(500);
      for (let at = 0; at < 1 << 20; at += piece.length) await fs.pwrite(fd, piece, at);
      await fs.pread(fd, 26, 26 * 30_000, { is: 'abcdefghijklmnopqrstuvwxyz' });
      await fs.pread(fd, 2, 26 * 40_000 + 25, { is: 'za' });
    },
  },
];

await conform('data', cases);
