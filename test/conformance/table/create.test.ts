/** open(2) with O_CREAT, mkdir(2): what a new file looks like, and where it cannot be. */
import { conform, type Case } from '../fixtures/conform.ts';
import { kind, o } from '../fixtures/flags.ts';
import { dir, file, opaque, symlink, whiteout } from '../fixtures/layers.ts';

const cases: Case[] = [
  {
    name: 'a file',
    layers: [[dir('d')]],
    run: async (fs) => {
      const fd = await fs.open('f', o.RDWR | o.CREAT | o.EXCL, 0o640);
      await fs.fstat(fd, { like: { mode: kind.FILE | 0o640, nlink: 1, size: 0, uid: 0, gid: 0 } });
      await fs.pwrite(fd, 'abc', 0);
      await fs.fstat(fd, { like: { size: 3 } });
      await fs.lstat('f', { like: { size: 3 } });
      await fs.write('d/g', 'x');
      await fs.read('d/g', { is: 'x' });
    },
  },
  {
    name: 'O_EXCL of what exists, above and below',
    layers: [[file('low', 'x'), dir('d'), symlink('dangling', 'nowhere')]],
    run: async (fs) => {
      const excl = o.WRONLY | o.CREAT | o.EXCL;
      await fs.open('low', excl, 0o644, { fails: 'EEXIST' });
      await fs.open('d', excl, 0o644, { fails: 'EEXIST' });
      await fs.open('dangling', excl, 0o644, { fails: 'EEXIST' });
      await fs.write('up', '1');
      await fs.open('up', excl, 0o644, { fails: 'EEXIST' });
      await fs.open('.', excl, 0o644, { fails: 'EEXIST' });
    },
  },
  {
    name: 'O_CREAT of what exists leaves its mode, and its data without O_TRUNC',
    layers: [[file('low', 'hello', { mode: 0o600 })]],
    run: async (fs) => {
      const fd = await fs.open('low', o.RDWR | o.CREAT, 0o777);
      await fs.fstat(fd, { like: { mode: kind.FILE | 0o600, size: 5 } });
      const cut = await fs.open('low', o.RDWR | o.CREAT | o.TRUNC, 0o777);
      await fs.fstat(cut, { like: { mode: kind.FILE | 0o600, size: 0 } });
      await fs.fstat(fd, { like: { size: 0 } });
    },
  },
  {
    name: 'a file opened read-only at its creation may be written through that descriptor never, mode 0 all the same',
    layers: [[]],
    run: async (fs) => {
      const reader = await fs.open('r', o.RDONLY | o.CREAT, 0o644);
      await fs.pwrite(reader, 'x', 0, { fails: 'EBADF' });
      const writer = await fs.open('w', o.WRONLY | o.CREAT, 0);
      await fs.pwrite(writer, 'x', 0);
      await fs.pread(writer, 1, 0, { fails: 'EBADF' });
      await fs.lstat('w', { like: { mode: kind.FILE, size: 1 } });
    },
  },
  {
    name: 'through a dangling symlink',
    layers: [[symlink('l', 'd/made'), dir('d')]],
    run: async (fs) => {
      await fs.write('l', 'x');
      await fs.read('d/made', { is: 'x' });
    },
  },
  {
    name: 'where a whiteout is: file, directory, symlink, fifo',
    layers: [
      [whiteout('a'), whiteout('b'), whiteout('c'), whiteout('e')],
      [file('a', 'x'), file('b/in'), file('c'), file('e')],
    ],
    run: async (fs) => {
      await fs.write('a', 'new');
      await fs.mkdir('b');
      await fs.names('b', { is: [] });
      await fs.symlink('a', 'c');
      await fs.mknod('e', kind.FIFO | 0o600);
      await fs.names('.', { is: ['a', 'b', 'c', 'e'] });
    },
  },
  {
    name: 'mkdir',
    layers: [[file('d/low'), file('f'), symlink('l', 'd')]],
    run: async (fs) => {
      await fs.mkdir('new', 0o750);
      await fs.lstat('new', { like: { mode: kind.DIR | 0o750 } });
      await fs.mkdir('d', 0o755, { fails: 'EEXIST' });
      await fs.mkdir('f', 0o755, { fails: 'EEXIST' });
      await fs.mkdir('l', 0o755, { fails: 'EEXIST' });
      await fs.mkdir('no/x', 0o755, { fails: 'ENOENT' });
      await fs.mkdir('f/x', 0o755, { fails: 'ENOTDIR' });
      await fs.mkdir('new/a');
      await fs.mkdir('d/sub');
      await fs.mkdir('d/sub/sub');
      await fs.write('d/sub/sub/f', 'deep');
      await fs.names('d', { is: ['low', 'sub'] });
    },
  },
  {
    name: 'in lower, merged and opaque directories: their attributes stay',
    layers: [
      [opaque('o', { mode: 0o701, uid: 9, xattrs: { 'user.o': '1' } })],
      [dir('d/e', { mode: 0o1777, gid: 5, xattrs: { 'user.e': '2' } }), file('o/hidden')],
    ],
    run: async (fs) => {
      await fs.write('d/e/f', '1');
      await fs.write('o/f', '2');
      await fs.lstat('d/e', { like: { mode: kind.DIR | 0o1777, gid: 5 } });
      await fs.getxattr('d/e', 'user.e', { is: '2' });
      await fs.getxattr('o', 'user.o', { is: '1' });
      await fs.names('o', { is: ['f'] });
    },
  },
  {
    name: 'the directory becomes younger',
    layers: [[file('d/low')]],
    run: async (fs) => {
      await fs.lstat('d', { like: { mtime: '1000000000000000000' } });
      await fs.write('d/new', '1');
      const after = await fs.lstat('d');
      if (after.mtime === '1000000000000000000') throw new Error('the time of the directory did not change');
      if (after.mtime !== after.ctime) throw new Error('mtime and ctime of the directory differ');
    },
  },
  {
    name: 'by another user: owner, group and rights',
    layers: [
      [dir('open', { mode: 0o777 }), dir('closed', { mode: 0o755 }), dir('group', { mode: 0o770, gid: 77 })],
    ],
    run: async (fs) => {
      const user = await fs.other({ uid: 1234, gid: 55, groups: [77] });
      await user.write('open/f', 'mine');
      await fs.lstat('open/f', { like: { uid: 1234, gid: 55 } });
      await user.mkdir('open/d');
      await user.symlink('x', 'open/l');
      await user.mknod('open/p', kind.FIFO | 0o644);
      for (const name of ['d', 'l', 'p']) await fs.lstat(`open/${name}`, { like: { uid: 1234, gid: 55 } });
      await user.write('closed/f', 'x', { fails: 'EACCES' });
      await user.mkdir('closed/d', 0o755, { fails: 'EACCES' });
      await user.write('group/f', 'by a supplementary group');
      await user.mknod('open/dev', kind.CHAR | 0o644, 259, { fails: 'EPERM' });
      await fs.lstat('group/f', { like: { uid: 1234, gid: 55 } });
    },
  },
  {
    name: 'many in one directory, by two processes',
    layers: [[file('d/low')]],
    run: async (fs) => {
      const other = await fs.other();
      const some = async (who: typeof fs, prefix: string): Promise<void> => {
        for (let n = 0; n < 50; n++) await who.write(`d/${prefix}${String(n)}`, String(n));
      };
      await Promise.all([some(fs, 'a'), some(other, 'b')]);
      const names = await fs.names('d');
      if (names.length !== 101) throw new Error(`${String(names.length)} names`);
    },
  },
  {
    name: 'one name, created by two processes: one wins',
    layers: [[dir('d')]],
    run: async (fs) => {
      const other = await fs.other();
      for (let n = 0; n < 20; n++) {
        const tries = [fs, other].map(async (who) => {
          try {
            await who.open(`d/${String(n)}`, o.WRONLY | o.CREAT | o.EXCL, 0o644);
            return 1;
          } catch {
            return 0;
          }
        });
        const won = (await Promise.all(tries)).reduce<number>((sum, one) => sum + one, 0);
        if (won !== 1) throw new Error(`${String(won)} processes created the file`);
      }
    },
  },
];

await conform('create', cases);
