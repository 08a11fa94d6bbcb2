/** rename(2) and the flags of renameat2(2), for files: over layers, over whiteouts, with open handles. */
import { conform, type Case } from '../fixtures/conform.ts';
import { kind, o, renameFlag } from '../fixtures/flags.ts';
import { dir, fifo, file, link, symlink, whiteout } from '../fixtures/layers.ts';

const noReplace = { flags: renameFlag.NOREPLACE };
const exchange = { flags: renameFlag.EXCHANGE };

const cases: Case[] = [
  {
    name: 'a lower file',
    layers: [[file('a', 'x', { mode: 0o640, uid: 3, gid: 4, xattrs: { 'user.k': 'v' } })]],
    run: async (fs) => {
      await fs.rename('a', 'b');
      await fs.lstat('a', { fails: 'ENOENT' });
      await fs.read('b', { is: 'x' });
      await fs.lstat('b', {
        like: { mode: kind.FILE | 0o640, uid: 3, gid: 4, mtime: '1000000000000000000' },
      });
      await fs.rename('b', 'a');
      await fs.names('.', { is: ['a'] });
    },
  },
  {
    name: 'over a lower file, over an upper file, upper over lower',
    layers: [[file('a', 'a'), file('b', 'b'), file('c', 'c'), file('d', 'd')]],
    run: async (fs) => {
      await fs.rename('a', 'b');
      await fs.read('b', { is: 'a' });
      await fs.write('new', 'new');
      await fs.rename('new', 'c');
      await fs.read('c', { is: 'new' });
      await fs.write('new', 'newer');
      await fs.rename('d', 'new');
      await fs.read('new', { is: 'd' });
      await fs.names('.', { is: ['b', 'c', 'new'] });
    },
  },
  {
    name: 'over a whiteout',
    layers: [
      [whiteout('w'), file('f', '1')],
      [file('w', 'hidden'), file('v', 'x')],
    ],
    run: async (fs) => {
      await fs.rename('f', 'w');
      await fs.read('w', { is: '1' });
      await fs.unlink('v');
      await fs.rename('w', 'v');
      await fs.names('.', { is: ['v'] });
    },
  },
  {
    name: 'an upper file from and to a plain place leaves no whiteout',
    layers: [[dir('d')]],
    run: async (fs) => {
      await fs.write('d/a', '1');
      await fs.rename('d/a', 'd/b');
      await fs.rename('d/b', 'c');
      await fs.names('d', { is: [] });
      await fs.rename('c', 'd/c');
      await fs.unlink('d/c');
    },
  },
  {
    name: 'NOREPLACE',
    layers: [[file('a', 'a'), file('b', 'b'), whiteout('w')], [file('w', 'w')]],
    run: async (fs) => {
      await fs.rename('a', 'b', { ...noReplace, fails: 'EEXIST' });
      await fs.rename('a', 'w', noReplace);
      await fs.read('w', { is: 'a' });
      await fs.unlink('b');
      await fs.rename('w', 'b', noReplace);
      await fs.rename('b', 'b', { ...noReplace, fails: 'EEXIST' });
      await fs.names('.', { is: ['b'] });
    },
  },
  {
    name: 'EXCHANGE of files',
    layers: [[file('a', 'a', { mode: 0o600 }), file('b', 'bb')]],
    run: async (fs) => {
      await fs.rename('a', 'b', exchange);
      await fs.read('a', { is: 'bb' });
      await fs.read('b', { is: 'a' });
      await fs.write('up', 'u');
      await fs.rename('up', 'a', exchange);
      await fs.read('a', { is: 'u' });
      await fs.rename('up', 'no', { ...exchange, fails: 'ENOENT' });
      await fs.rename('no', 'up', { ...exchange, fails: 'ENOENT' });
    },
  },
  {
    name: 'EXCHANGE of a file and a directory, of directories',
    layers: [
      [file('f', 'f'), file('d/in', 'in'), file('e/x', 'x')],
      [file('d/low', 'low'), file('e/y', 'y')],
    ],
    run: async (fs) => {
      await fs.rename('f', 'd', exchange);
      await fs.read('d', { is: 'f' });
      await fs.names('f', { is: ['in', 'low'] });
      await fs.rename('f', 'e', exchange);
      await fs.names('e', { is: ['in', 'low'] });
      await fs.names('f', { is: ['x', 'y'] });
      await fs.read('e/low', { is: 'low' });
      await fs.write('e/new', 'n');
      await fs.mkdir('up');
      await fs.write('up/u', 'u');
      await fs.rename('up', 'e', exchange);
      await fs.names('up', { is: ['in', 'low', 'new'] });
      await fs.names('e', { is: ['u'] });
    },
  },
  {
    name: 'EXCHANGE of one below the other',
    layers: [[file('d/f', '1')]],
    run: async (fs) => {
      await fs.rename('d', 'd/f', { ...exchange, fails: 'EINVAL' });
      await fs.rename('d/f', 'd', { ...exchange, fails: 'EINVAL' });
    },
  },
  {
    name: 'both flags',
    layers: [[file('a'), file('b')]],
    run: async (fs) => {
      await fs.rename('a', 'b', { flags: 3, fails: 'EINVAL' });
      await fs.rename('a', 'b', { flags: 8, fails: 'EINVAL' });
    },
  },
  {
    name: 'two names of one file: nothing happens',
    layers: [[file('a', 'x'), link('b', 'a')]],
    run: async (fs) => {
      await fs.rename('a', 'b');
      await fs.names('.', { is: ['a', 'b'] });
      await fs.lstat('a', { like: { nlink: 2 } });
      await fs.rename('a', 'c');
      await fs.lstat('c', { like: { nlink: 2 } });
      await fs.rename('c', 'c');
      await fs.read('b', { is: 'x' });
    },
  },
  {
    name: 'a hard-linked lower file stays linked',
    layers: [[file('d/a', 'x'), link('e/b', 'd/a'), link('c', 'd/a')]],
    run: async (fs) => {
      await fs.rename('d/a', 'z');
      await fs.write('z', 'changed', { flags: o.WRONLY | o.TRUNC });
      await fs.read('e/b', { is: 'changed' });
      await fs.read('c', { is: 'changed' });
      await fs.lstat('c', { like: { nlink: 3 } });
      await fs.rename('c', 'e/b');
    },
  },
  {
    name: 'errors',
    layers: [[file('f'), dir('d'), file('e/x'), symlink('l', 'd')]],
    run: async (fs) => {
      await fs.rename('no', 'x', { fails: 'ENOENT' });
      await fs.rename('f', 'no/x', { fails: 'ENOENT' });
      await fs.rename('f', 'f/x', { fails: 'ENOTDIR' });
      await fs.rename('f', 'd', { fails: 'EISDIR' });
      await fs.rename('d', 'f', { fails: 'ENOTDIR' });
      await fs.rename('d', 'e', { fails: 'ENOTEMPTY' });
      await fs.rename('d', 'd/sub', { fails: 'EINVAL' });
      await fs.rename('e/x', 'e', { fails: ['ENOTEMPTY', 'EISDIR'] });
      await fs.rename('l', 'd', { fails: 'EISDIR' });
    },
  },
  {
    name: 'symlinks, fifos: the thing itself',
    layers: [[symlink('l', 'f'), file('f', 'data'), fifo('p')]],
    run: async (fs) => {
      await fs.rename('l', 'l2');
      await fs.readlink('l2', { is: 'f' });
      await fs.rename('p', 'p2');
      await fs.rename('l2', 'f');
      await fs.readlink('f', { is: 'f' });
    },
  },
  {
    name: 'open handles follow, before and after',
    layers: [[file('a', 'hello')]],
    run: async (fs) => {
      const reader = await fs.open('a', o.RDONLY);
      await fs.rename('a', 'b');
      const writer = await fs.open('b', o.RDWR);
      await fs.pwrite(writer, 'J', 0);
      await fs.pread(writer, 9, 0, { is: 'Jello' });
      await fs.rename('b', 'c');
      await fs.pwrite(writer, '!', 5);
      await fs.read('c', { is: 'Jello!' });
      await fs.pread(reader, 1, 4, { is: 'o' });
    },
  },
  {
    name: 'over an open file',
    layers: [[file('a', 'new'), file('b', 'old')]],
    run: async (fs) => {
      const fd = await fs.open('b', o.RDWR);
      await fs.rename('a', 'b');
      await fs.pread(fd, 9, 0, { is: 'old' });
      await fs.pwrite(fd, 'X', 0);
      await fs.fstat(fd, { like: { nlink: 0 } });
      await fs.read('b', { is: 'new' });
    },
  },
  {
    name: 'without redirect_dir: upper directories move, merged ones answer EXDEV',
    features: 'off',
    layers: [[file('low/x', '1'), file('f', 'y')]],
    not: { plain: 'a plain directory has no layers' },
    run: async (fs) => {
      await fs.rename('low', 'other', { fails: 'EXDEV' });
      await fs.names('.', { is: ['f', 'low'] });
      await fs.mkdir('up');
      await fs.write('up/f', '1');
      await fs.rename('up', 'moved');
      await fs.rename('f', 'moved/f2');
      await fs.names('moved', { is: ['f', 'f2'] });
    },
  },
  {
    name: 'WHITEOUT is refused: what asks for one could not see it',
    layers: [[file('a', 'x')]],
    not: { plain: 'leaves a character device' },
    run: async (fs) => {
      await fs.rename('a', 'b', { flags: renameFlag.WHITEOUT, fails: 'EINVAL' });
      await fs.lstat('b', { fails: 'ENOENT' });
      await fs.read('a', { is: 'x' });
    },
  },
];

await conform('rename', cases);
