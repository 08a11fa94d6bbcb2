/** Which layer answers for a name, and how a path is walked. */
import { conform, type Case } from '../fixtures/conform.ts';
import { kind, o } from '../fixtures/flags.ts';
import { dir, fifo, file, opaque, symlink, whiteout } from '../fixtures/layers.ts';

const cases: Case[] = [
  {
    name: 'one lower layer',
    layers: [
      [file('a', 'A', { mode: 0o600 }), dir('d', { mode: 0o700 }), file('d/e', 'E'), symlink('l', 'd/e')],
    ],
    run: async (fs) => {
      await fs.lstat('a', { like: { mode: kind.FILE | 0o600, size: 1, nlink: 1 } });
      await fs.lstat('d', { like: { mode: kind.DIR | 0o700 } });
      await fs.read('l', { is: 'E' });
      await fs.lstat('nothing', { fails: 'ENOENT' });
      await fs.lstat('d/nothing', { fails: 'ENOENT' });
      await fs.lstat('a/x', { fails: 'ENOTDIR' });
      await fs.lstat('nothing/x', { fails: 'ENOENT' });
    },
  },
  {
    name: 'the upper of two wins',
    layers: [
      [file('a', 'top'), file('d/x', 'top')],
      [file('a', 'bottom'), file('d/x', 'bottom'), file('d/y', 'bottom')],
    ],
    run: async (fs) => {
      await fs.read('a', { is: 'top' });
      await fs.read('d/x', { is: 'top' });
      await fs.read('d/y', { is: 'bottom' });
      await fs.names('d', { is: ['x', 'y'] });
    },
  },
  {
    name: 'a merged directory looks like its top',
    layers: [
      [dir('d', { mode: 0o711, uid: 7, gid: 8, mtime: 5, xattrs: { 'user.a': 'top' } })],
      [dir('d', { mode: 0o755, mtime: 6, xattrs: { 'user.b': 'bottom' } }), file('d/f')],
    ],
    run: async (fs) => {
      await fs.lstat('d', { like: { mode: kind.DIR | 0o711, uid: 7, gid: 8, mtime: '5000000000' } });
      await fs.listxattr('d', { is: ['user.a'] });
      await fs.names('d', { is: ['f'] });
    },
  },
  {
    name: 'whiteouts in lower layers',
    layers: [
      [file('top')],
      [whiteout('a'), whiteout('d/x'), whiteout('nothing')],
      [file('a'), file('d/x'), file('d/y')],
    ],
    run: async (fs) => {
      await fs.lstat('a', { fails: 'ENOENT' });
      await fs.lstat('nothing', { fails: 'ENOENT' });
      await fs.names('.', { is: ['d', 'top'] });
      await fs.names('d', { is: ['y'] });
    },
  },
  {
    name: 'a file over a whiteout over a file',
    layers: [[file('a', 'new')], [whiteout('a')], [file('a', 'old')]],
    run: async (fs) => {
      await fs.read('a', { is: 'new' });
      await fs.unlink('a');
      await fs.lstat('a', { fails: 'ENOENT' });
    },
  },
  {
    name: 'opaque directories in the middle',
    layers: [[file('d/1')], [opaque('d'), file('d/2')], [file('d/3'), file('e/3')], [file('d/4')]],
    run: async (fs) => {
      await fs.names('d', { is: ['1', '2'] });
      await fs.lstat('d/3', { fails: 'ENOENT' });
      await fs.write('d/4', 'mine');
      await fs.unlink('d/2');
      await fs.names('d', { is: ['1', '4'] });
    },
  },
  {
    name: 'an opaque parent hides deep things',
    layers: [[opaque('a'), dir('a/b')], [file('a/b/c/d', 'deep')]],
    run: async (fs) => {
      await fs.names('a/b', { is: [] });
      await fs.lstat('a/b/c', { fails: 'ENOENT' });
      await fs.mkdir('a/b/c');
      await fs.names('a/b/c', { is: [] });
      await fs.write('a/b/c/d', 'mine');
    },
  },
  {
    name: 'a file over a directory over a file',
    layers: [[file('x', 'file')], [file('x/in', 'dir')], [file('x', 'bottom')]],
    run: async (fs) => {
      await fs.read('x', { is: 'file' });
      await fs.lstat('x/in', { fails: 'ENOTDIR' });
      await fs.unlink('x');
      await fs.lstat('x', { fails: 'ENOENT' });
    },
  },
  {
    name: 'a directory over a file over a directory',
    layers: [[file('x/top')], [file('x', 'file')], [file('x/bottom')]],
    run: async (fs) => {
      await fs.names('x', { is: ['top'] });
      await fs.lstat('x/bottom', { fails: 'ENOENT' });
      await fs.unlink('x/top');
      await fs.rmdir('x');
      await fs.lstat('x', { fails: 'ENOENT' });
    },
  },
  {
    name: 'a symlink to a directory over a directory',
    layers: [[symlink('x', 'd')], [file('x/hidden'), file('d/shown', '1')]],
    run: async (fs) => {
      await fs.names('x', { is: ['shown'] });
      await fs.read('x/shown', { is: '1' });
      await fs.lstat('x/hidden', { fails: 'ENOENT' });
    },
  },
  {
    name: 'a directory over a symlink to a directory is not merged with its target',
    layers: [[file('x/1')], [symlink('x', 'd'), file('d/2')]],
    run: async (fs) => {
      await fs.names('x', { is: ['1'] });
    },
  },
  {
    name: 'a fifo over a directory',
    layers: [[fifo('x')], [file('x/y')]],
    run: async (fs) => {
      await fs.lstat('x', { like: { mode: kind.FIFO | 0o644 } });
      await fs.lstat('x/y', { fails: 'ENOTDIR' });
    },
  },
  {
    name: 'five layers',
    layers: [0, 1, 2, 3, 4].map((n) => [
      file(`only${String(n)}`, String(n)),
      file('all', String(n)),
      file(`d/${String(n)}`, 'x'),
      file(`pair${String(n >> 1)}`, String(n)),
    ]),
    run: async (fs) => {
      await fs.read('all', { is: '0' });
      await fs.names('d', { is: ['0', '1', '2', '3', '4'] });
      await fs.read('pair1', { is: '2' });
      for (const n of [0, 1, 2, 3, 4]) await fs.read(`only${String(n)}`, { is: String(n) });
    },
  },
  {
    name: 'a name that was absent comes to be, and goes',
    layers: [[dir('d')]],
    run: async (fs) => {
      for (let round = 0; round < 3; round++) {
        await fs.lstat('d/x', { fails: 'ENOENT' });
        await fs.write('d/x', String(round));
        await fs.read('d/x', { is: String(round) });
        await fs.unlink('d/x');
      }
      const other = await fs.other();
      await fs.lstat('d/y', { fails: 'ENOENT' });
      await other.mkdir('d/y');
      await fs.lstat('d/y', { like: { mode: kind.DIR | 0o755 } });
    },
  },
  {
    name: 'open flags: O_NOFOLLOW, O_DIRECTORY, O_PATH',
    layers: [[file('f', 'x'), symlink('l', 'f'), dir('d')]],
    run: async (fs) => {
      await fs.open('l', o.RDONLY | o.NOFOLLOW, 0, { fails: 'ELOOP' });
      await fs.open('f', o.RDONLY | o.DIRECTORY, 0, { fails: 'ENOTDIR' });
      await fs.open('d', o.WRONLY, 0, { fails: 'EISDIR' });
      const path = await fs.open('f', o.PATH);
      await fs.fstat(path, { like: { size: 1 } });
      const again = await fs.reopen(path, o.RDWR);
      await fs.pwrite(again, 'y', 0);
      await fs.pread(again, 5, 0, { is: 'y' });
      const link = await fs.open('l', o.PATH | o.NOFOLLOW);
      await fs.fstat(link, { like: { size: 1, mode: kind.LINK | 0o777 } });
      await fs.reopen(link, o.RDONLY, { fails: 'ELOOP' });
    },
  },
  {
    name: 'openat from a directory descriptor, and .. out of it',
    layers: [[file('a/b/c', '1')], [file('a/d', '2')]],
    run: async (fs) => {
      const fd = await fs.open('a/b', o.PATH | o.DIRECTORY);
      await fs.read([fd, 'c'], { is: '1' });
      await fs.read([fd, '../d'], { is: '2' });
      const up = await fs.lstat([fd, '..']);
      await fs.lstat('a', { like: { ino: up.ino } });
    },
  },
];

await conform('lookup', cases);
