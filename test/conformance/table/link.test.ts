/** link(2): names of one file, above and below, before and after a copy-up, and over a remount. */
import { conform, type Case } from '../fixtures/conform.ts';
import { kind, o } from '../fixtures/flags.ts';
import { dir, fifo, file, link, symlink, whiteout } from '../fixtures/layers.ts';

const cases: Case[] = [
  {
    name: 'of an upper file',
    layers: [[dir('d')]],
    run: async (fs) => {
      await fs.write('a', 'x');
      await fs.link('a', 'd/b');
      await fs.lstat('a', { like: { nlink: 2 } });
      await fs.write('d/b', 'y');
      await fs.read('a', { is: 'y' });
      await fs.unlink('a');
      await fs.lstat('d/b', { like: { nlink: 1 } });
    },
  },
  {
    name: 'of a lower file: no second content',
    layers: [[file('a', 'data', { mode: 0o604, uid: 2, xattrs: { 'user.x': '1' } })]],
    run: async (fs) => {
      const before = await fs.lstat('a');
      await fs.link('a', 'b');
      const after = await fs.lstat('b', {
        like: { nlink: 2, mode: kind.FILE | 0o604, uid: 2, ino: before.ino },
      });
      if (after.mtime !== before.mtime) throw new Error('mtime changed');
      await fs.read('b', { is: 'data' });
      await fs.write('b', 'changed');
      await fs.read('a', { is: 'changed' });
      await fs.unlink('a');
      await fs.lstat('b', { like: { nlink: 1, ino: before.ino } });
    },
  },
  {
    name: 'errors',
    layers: [[file('a'), file('b'), dir('d'), symlink('l', 'a')]],
    run: async (fs) => {
      await fs.link('a', 'b', { fails: 'EEXIST' });
      await fs.link('no', 'c', { fails: 'ENOENT' });
      await fs.link('d', 'e', { fails: 'EPERM' });
      await fs.link('a', 'no/c', { fails: 'ENOENT' });
      await fs.link('a', 'b/c', { fails: 'ENOTDIR' });
      await fs.link('a', 'd', { fails: 'EEXIST' });
    },
  },
  {
    name: 'of a symlink, of a fifo',
    layers: [[symlink('l', 'a'), fifo('p')]],
    run: async (fs) => {
      await fs.link('l', 'm');
      await fs.readlink('m', { is: 'a' });
      await fs.lstat('m', { like: { nlink: 2 } });
      await fs.link('p', 'q');
      await fs.lstat('q', { like: { nlink: 2, mode: kind.FIFO | 0o644 } });
    },
  },
  {
    name: 'over a whiteout, and after unlink',
    layers: [
      [whiteout('w'), file('a', '1')],
      [file('w'), file('v')],
    ],
    run: async (fs) => {
      await fs.link('a', 'w');
      await fs.unlink('v');
      await fs.link('a', 'v');
      await fs.lstat('a', { like: { nlink: 3 } });
    },
  },
  {
    name: 'lower hard links: a write through one is seen by all',
    layers: [[file('d/a', 'old'), link('d/b', 'd/a'), link('c', 'd/a')]],
    run: async (fs) => {
      const { ino } = await fs.lstat('d/a', { like: { nlink: 3 } });
      await fs.lstat('c', { like: { ino } });
      await fs.write('d/b', 'new', { flags: o.WRONLY });
      await fs.read('d/a', { is: 'new' });
      await fs.read('c', { is: 'new' });
      for (const path of ['d/a', 'd/b', 'c']) await fs.lstat(path, { like: { nlink: 3, ino } });
    },
  },
  {
    name: 'lower hard links: chmod and xattrs of one are those of all',
    layers: [[file('a', 'x'), link('b', 'a')]],
    run: async (fs) => {
      await fs.chmod('a', 0o600);
      await fs.setxattr('b', 'user.k', 'v');
      await fs.chown('a', 8, 9);
      await fs.utimes('b', 1, 2);
      await fs.lstat('b', { like: { mode: kind.FILE | 0o600, uid: 8, gid: 9, mtime: '2000000000' } });
      await fs.getxattr('a', 'user.k', { is: 'v' });
    },
  },
  {
    name: 'lower hard links: unlinking',
    layers: [[file('a', 'x'), link('b', 'a'), link('c', 'a')]],
    run: async (fs) => {
      await fs.unlink('a');
      await fs.lstat('b', { like: { nlink: 2 } });
      await fs.chmod('b', 0o600);
      await fs.lstat('c', { like: { nlink: 2, mode: kind.FILE | 0o600 } });
      await fs.unlink('b');
      await fs.lstat('c', { like: { nlink: 1 } });
      await fs.read('c', { is: 'x' });
      await fs.unlink('c');
      await fs.names('.', { is: [] });
    },
  },
  {
    name: 'lower hard links: one more above, one less below',
    layers: [[file('a', 'x'), link('b', 'a')]],
    run: async (fs) => {
      await fs.link('a', 'c');
      await fs.lstat('b', { like: { nlink: 3 } });
      await fs.unlink('b');
      await fs.lstat('a', { like: { nlink: 2 } });
      await fs.write('c', 'y', { flags: o.WRONLY });
      await fs.read('a', { is: 'y' });
      await fs.rename('a', 'z');
      await fs.lstat('z', { like: { nlink: 2 } });
    },
  },
  {
    name: 'lower hard links: one is renamed over the other names of another',
    layers: [[file('a', 'one'), link('b', 'a'), file('x', 'two'), link('y', 'x')]],
    run: async (fs) => {
      await fs.rename('a', 'x');
      await fs.read('x', { is: 'one' });
      await fs.read('y', { is: 'two' });
      await fs.lstat('y', { like: { nlink: 1 } });
      await fs.lstat('b', { like: { nlink: 2 } });
      await fs.write('b', 'ONE', { flags: o.WRONLY });
      await fs.read('x', { is: 'ONE' });
    },
  },
  {
    name: 'lower hard links of an inherited upper: a name below, then one above',
    layers: [[file('h1', 'x'), link('d/h2', 'h1'), link('a/h3', 'h1')]],
    before: (fs) => fs.write('a/h3', 'y', { flags: o.WRONLY | o.APPEND }),
    run: async (fs) => {
      const { ino } = await fs.lstat('h1', { like: { nlink: 3, size: 2 } });
      await fs.chown('a/h3', 7, 8);
      await fs.lstat('d/h2', { like: { uid: 7, gid: 8, nlink: 3, ino } });
      await fs.unlink('h1');
      await fs.lstat('a/h3', { like: { nlink: 2, ino } });
      await fs.lstat('d/h2', { like: { nlink: 2, ino } });
    },
  },
  {
    name: 'lower hard links of an inherited upper: a name above, then one below',
    layers: [[file('h1', 'x'), link('d/h2', 'h1'), link('a/h3', 'h1')]],
    before: async (fs) => {
      await fs.chmod('a/h3', 0o600);
    },
    run: async (fs) => {
      const { ino } = await fs.lstat('a/h3', { like: { nlink: 3 } });
      await fs.write('h1', 'y', { flags: o.WRONLY });
      await fs.read('a/h3', { is: 'y' });
      await fs.unlink('d/h2');
      await fs.lstat('h1', { like: { nlink: 2, ino } });
      await fs.unlink('a/h3');
      await fs.lstat('h1', { like: { nlink: 1, ino } });
    },
  },
  {
    name: 'lower hard links of an inherited upper: one more, in a new directory',
    layers: [[file('h1', 'x'), link('h2', 'h1')]],
    before: async (fs) => {
      await fs.chmod('h2', 0o600);
    },
    run: async (fs) => {
      await fs.mkdir('new');
      await fs.link('h1', 'new/h3');
      const { ino } = await fs.lstat('new/h3', { like: { nlink: 3, mode: kind.FILE | 0o600 } });
      await fs.unlink('h2');
      await fs.lstat('h1', { like: { nlink: 2, ino } });
    },
  },
  {
    name: 'hard links of one layer, partly hidden by the one above',
    layers: [
      [file('a', 'other'), whiteout('c')],
      [file('a', 'x'), link('b', 'a'), link('c', 'a'), link('d', 'a')],
    ],
    run: async (fs) => {
      await fs.read('a', { is: 'other' });
      await fs.write('b', 'y', { flags: o.WRONLY });
      await fs.read('d', { is: 'y' });
      await fs.read('a', { is: 'other' });
      await fs.names('.', { is: ['a', 'b', 'd'] });
    },
    otherTree: { overlay: 'hidden names still count in nlink', strata: 'hidden names still count in nlink' },
  },
  {
    name: 'open descriptors of two names see one file',
    layers: [[file('a', 'hello'), link('b', 'a')]],
    run: async (fs) => {
      const a = await fs.open('a', o.RDWR);
      const b = await fs.open('b', o.RDONLY);
      await fs.pwrite(a, 'J', 0);
      await fs.pread(b, 9, 0, { is: 'Jello' });
      await fs.fstat(b, { like: { nlink: 2 } });
      await fs.unlink('a');
      await fs.pwrite(a, 'M', 0);
      await fs.read('b', { is: 'Mello' });
    },
  },
  {
    name: 'rights of another user over a file with names (protected_hardlinks)',
    layers: [
      [file('d/root', 'x', { mode: 0o600 }), dir('open', { mode: 0o777 }), file('mine', 'y', { uid: 1234 })],
    ],
    run: async (fs) => {
      const user = await fs.other({ uid: 1234, gid: 1234 });
      await user.link('d/root', 'open/r', { fails: 'EPERM' });
      await user.link('mine', 'open/m');
      await fs.lstat('open/m', { like: { nlink: 2, uid: 1234 } });
    },
  },
];

await conform('link', cases);
