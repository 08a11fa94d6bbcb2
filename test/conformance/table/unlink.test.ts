/** unlink(2) and rmdir(2): what is gone, and what a layer must carry so that it stays gone. */
import { conform, type Case } from '../fixtures/conform.ts';
import { o } from '../fixtures/flags.ts';
import { dir, fifo, file, link, opaque, symlink, whiteout } from '../fixtures/layers.ts';

const cases: Case[] = [
  {
    name: 'a lower file',
    layers: [[file('a', 'x'), file('b', 'y')]],
    run: async (fs) => {
      await fs.unlink('a');
      await fs.lstat('a', { fails: 'ENOENT' });
      await fs.unlink('a', { fails: 'ENOENT' });
      await fs.names('.', { is: ['b'] });
    },
  },
  {
    name: 'an upper file leaves nothing',
    layers: [[]],
    run: async (fs) => {
      await fs.write('new', '1');
      await fs.unlink('new');
      await fs.names('.', { is: [] });
    },
  },
  {
    name: 'what is there twice, below and above',
    layers: [[file('a', 'top')], [file('a', 'bottom'), file('d/f')]],
    run: async (fs) => {
      await fs.write('a', 'upper');
      await fs.unlink('a');
      await fs.lstat('a', { fails: 'ENOENT' });
      await fs.names('.', { is: ['d'] });
    },
  },
  {
    name: 'and made again',
    layers: [[file('a', 'old', { mode: 0o600, uid: 5, xattrs: { 'user.x': '1' } })]],
    run: async (fs) => {
      await fs.unlink('a');
      await fs.write('a', 'new');
      await fs.read('a', { is: 'new' });
      await fs.listxattr('a', { is: [] });
      await fs.unlink('a');
      await fs.names('.', { is: [] });
    },
  },
  {
    name: 'a directory takes the place of a deleted file, and a file of a deleted directory',
    layers: [[file('a', 'x'), file('d/sub/deep', 'y')]],
    run: async (fs) => {
      await fs.unlink('a');
      await fs.mkdir('a');
      await fs.write('a/in', '1');
      await fs.unlink('d/sub/deep');
      await fs.rmdir('d/sub');
      await fs.rmdir('d');
      await fs.write('d', 'file now');
      await fs.names('a', { is: ['in'] });
      await fs.read('d', { is: 'file now' });
    },
  },
  {
    name: 'rmdir of what is not empty',
    layers: [[file('top/a')], [file('top/b'), file('only/c')]],
    run: async (fs) => {
      await fs.rmdir('top', { fails: 'ENOTEMPTY' });
      await fs.rmdir('only', { fails: 'ENOTEMPTY' });
      await fs.unlink('top/a');
      await fs.rmdir('top', { fails: 'ENOTEMPTY' });
      await fs.unlink('top/b');
      await fs.rmdir('top');
      await fs.names('.', { is: ['only'] });
    },
  },
  {
    name: 'rmdir of a merged directory, then mkdir: nothing old comes back',
    layers: [[file('d/one', '1')], [file('d/two', '2'), dir('d/sub')]],
    run: async (fs) => {
      for (const name of ['one', 'two']) await fs.unlink(`d/${name}`);
      await fs.rmdir('d/sub');
      await fs.rmdir('d');
      await fs.lstat('d', { fails: 'ENOENT' });
      await fs.mkdir('d');
      await fs.names('d', { is: [] });
      await fs.lstat('d/one', { fails: 'ENOENT' });
      await fs.write('d/one', 'new');
      await fs.names('d', { is: ['one'] });
    },
  },
  {
    name: 'rmdir of a directory that holds whiteouts only',
    layers: [
      [whiteout('d/a'), dir('e')],
      [file('d/a', 'x'), file('d/b', 'y')],
    ],
    run: async (fs) => {
      await fs.names('d', { is: ['b'] });
      await fs.unlink('d/b');
      await fs.names('d', { is: [] });
      await fs.rmdir('d');
      await fs.names('.', { is: ['e'] });
    },
  },
  {
    name: 'rmdir of an empty lower directory and of an opaque one',
    layers: [[opaque('o')], [file('o/hidden'), dir('empty')]],
    run: async (fs) => {
      await fs.rmdir('empty');
      await fs.rmdir('o');
      await fs.names('.', { is: [] });
      await fs.mkdir('o');
      await fs.names('o', { is: [] });
    },
  },
  {
    name: 'of the wrong kind',
    layers: [[file('f'), dir('d'), symlink('l', 'd')]],
    run: async (fs) => {
      await fs.unlink('d', { fails: 'EISDIR' });
      await fs.rmdir('f', { fails: 'ENOTDIR' });
      await fs.rmdir('l', { fails: 'ENOTDIR' });
      await fs.unlink('f/x', { fails: 'ENOTDIR' });
      await fs.unlink('no/x', { fails: 'ENOENT' });
      await fs.rmdir('no', { fails: 'ENOENT' });
      await fs.unlink('l');
      await fs.names('.', { is: ['d', 'f'] });
    },
  },
  {
    name: 'every type of file',
    layers: [[fifo('p'), symlink('l', 'gone'), file('h1', 'x'), link('h2', 'h1'), dir('d')]],
    run: async (fs) => {
      await fs.unlink('p');
      await fs.unlink('l');
      await fs.unlink('h1');
      await fs.read('h2', { is: 'x' });
      await fs.lstat('h2', { like: { nlink: 1 } });
      await fs.rmdir('d');
      await fs.names('.', { is: ['h2'] });
    },
  },
  {
    name: 'rm -rf of a tree of three layers',
    layers: [
      [file('t/a/1'), file('t/b/2')],
      [file('t/a/3'), file('t/c/4'), whiteout('t/b/x')],
      [file('t/b/x'), file('t/c/5/6/7')],
    ],
    run: async (fs) => {
      for (const path of ['a/1', 'a/3', 'b/2', 'c/4', 'c/5/6/7']) await fs.unlink(`t/${path}`);
      for (const path of ['c/5/6', 'c/5', 'a', 'b', 'c']) await fs.rmdir(`t/${path}`);
      await fs.rmdir('t');
      await fs.names('.', { is: [] });
      await fs.mkdir('t');
      await fs.mkdir('t/c');
      await fs.names('t', { is: ['c'] });
      await fs.names('t/c', { is: [] });
    },
  },
  {
    name: 'the times of the parent change, those of the other names of a file too',
    layers: [[file('d/a', 'x'), link('d/b', 'd/a')]],
    run: async (fs) => {
      const before = await fs.lstat('d/b');
      // The clock of a file system goes by ticks.
      await new Promise((resolve) => setTimeout(resolve, 20));
      await fs.unlink('d/a');
      const after = await fs.lstat('d/b');
      await fs.call(undefined, 'ping');
      if (BigInt(after.ctime) <= BigInt(before.ctime)) throw new Error('ctime of the other name is old');
      if (after.mtime !== before.mtime) throw new Error('mtime of the other name changed');
    },
  },
  {
    name: 'unlink then open handles go on (lower file)',
    layers: [[file('a', 'hello')]],
    run: async (fs) => {
      const fd = await fs.open('a', o.RDONLY);
      await fs.unlink('a');
      await fs.pread(fd, 10, 0, { is: 'hello' });
      await fs.fstat(fd, { like: { nlink: 0, size: 5 } });
      await fs.close(fd);
    },
    not: { overlay: 'fstat of an open lower file shows the link count of the lower file' },
  },
  {
    name: 'a directory that is open and removed has no entries and takes none',
    layers: [[file('d/a')]],
    run: async (fs) => {
      const fd = await fs.open('d', o.RDONLY | o.DIRECTORY);
      await fs.unlink('d/a');
      await fs.rmdir('d');
      await fs.call({ fails: 'ENOENT' }, 'getdents', fd, 4096);
      await fs.open([fd, 'x'], o.WRONLY | o.CREAT, 0o644, { fails: 'ENOENT' });
      await fs.mkdir([fd, 'x'], 0o755, { fails: 'ENOENT' });
      await fs.fstat(fd, { like: { nlink: 0 } });
      await fs.close(fd);
    },
    not: { overlay: 'getdents of a removed directory answers ENOENT, or . and ..; both are fine by POSIX' },
  },
];

await conform('unlink', cases);
