/** rename(2) of directories: lower, merged and upper ones, several times, into each other. */
import { conform, type Case } from '../fixtures/conform.ts';
import { o } from '../fixtures/flags.ts';
import { dir, file, link, opaque, symlink, whiteout } from '../fixtures/layers.ts';

const cases: Case[] = [
  {
    name: 'a lower directory, and what is in it',
    layers: [[file('d/a', 'a'), file('d/sub/b', 'b'), symlink('d/l', 'a')]],
    run: async (fs) => {
      await fs.rename('d', 'e');
      await fs.names('e', { is: ['a', 'l', 'sub'] });
      await fs.read('e/sub/b', { is: 'b' });
      await fs.lstat('d', { fails: 'ENOENT' });
      await fs.lstat('d/a', { fails: 'ENOENT' });
      await fs.write('e/a', 'changed');
      await fs.unlink('e/sub/b');
      await fs.names('e/sub', { is: [] });
    },
  },
  {
    name: 'the name is free again',
    layers: [[file('d/a', 'old')], [file('d/b', 'older')]],
    run: async (fs) => {
      await fs.rename('d', 'e');
      await fs.mkdir('d');
      await fs.names('d', { is: [] });
      await fs.write('d/a', 'new');
      await fs.names('e', { is: ['a', 'b'] });
      await fs.read('e/a', { is: 'old' });
      await fs.rename('e', 'd/e');
      await fs.read('d/e/b', { is: 'older' });
    },
  },
  {
    name: 'several times, down and up again',
    layers: [[file('d/f', '1'), dir('x/y/z')], [file('d/g', '2')]],
    run: async (fs) => {
      await fs.rename('d', 'x/d');
      await fs.rename('x/d', 'x/y/z/d');
      await fs.rename('x', 'w');
      await fs.names('w/y/z/d', { is: ['f', 'g'] });
      await fs.rename('w/y/z/d', 'd');
      await fs.read('d/g', { is: '2' });
      await fs.rename('w/y', 'y');
      await fs.names('.', { is: ['d', 'w', 'y'] });
    },
  },
  {
    name: 'a child of a renamed directory, then its parent',
    layers: [[file('a/b/c/f', '1')], [file('a/b/g', '2')]],
    run: async (fs) => {
      await fs.rename('a/b', 'a/B');
      await fs.rename('a', 'A');
      await fs.rename('A/B/c', 'c');
      await fs.read('c/f', { is: '1' });
      await fs.names('A/B', { is: ['g'] });
      await fs.mkdir('A/b');
      await fs.names('A/b', { is: [] });
    },
  },
  {
    name: 'over an empty directory: lower, merged, upper, emptied',
    layers: [
      [dir('empty'), file('d/f', '1'), dir('both')],
      [whiteout('both/x'), file('full/a')],
      [file('both/x')],
    ],
    run: async (fs) => {
      await fs.rename('d', 'empty');
      await fs.names('empty', { is: ['f'] });
      await fs.rename('empty', 'both');
      await fs.names('both', { is: ['f'] });
      await fs.rename('both', 'full', { fails: 'ENOTEMPTY' });
      await fs.unlink('full/a');
      await fs.rename('both', 'full');
      await fs.names('full', { is: ['f'] });
      await fs.mkdir('up');
      await fs.rename('full', 'up');
      await fs.names('.', { is: ['up'] });
      await fs.mkdir('over');
      await fs.rename('over', 'up', { fails: 'ENOTEMPTY' });
    },
  },
  {
    name: 'an upper directory over a lower empty one shows nothing of it',
    layers: [[dir('low')], [dir('low/gone')]],
    run: async (fs) => {
      await fs.rmdir('low/gone');
      await fs.mkdir('up');
      await fs.write('up/f', '1');
      await fs.rename('up', 'low');
      await fs.names('low', { is: ['f'] });
    },
  },
  {
    name: 'an upper directory to where a lower file was',
    layers: [[file('a', 'x'), file('d/low', 'l')]],
    run: async (fs) => {
      await fs.unlink('a');
      await fs.rename('d', 'a');
      await fs.names('a', { is: ['low'] });
      await fs.write('d', 'file');
      await fs.read('a/low', { is: 'l' });
    },
  },
  {
    name: 'an opaque directory of a lower layer',
    layers: [[opaque('o'), file('o/top', 't')], [file('o/hidden', 'h')]],
    run: async (fs) => {
      await fs.rename('o', 'p');
      await fs.names('p', { is: ['top'] });
      await fs.mkdir('o');
      await fs.names('o', { is: [] });
    },
  },
  {
    name: 'through five layers, with whiteouts and opaque ones between',
    layers: [
      [file('d/1', '1')],
      [whiteout('d/5'), file('d/2', '2')],
      [file('d/sub/3', '3')],
      [opaque('d/sub'), file('d/sub/4', '4')],
      [file('d/5', '5'), file('d/sub/hidden', 'h'), file('d/6', '6')],
    ],
    run: async (fs) => {
      await fs.names('d', { is: ['1', '2', '6', 'sub'] });
      await fs.rename('d', 'e');
      await fs.names('e', { is: ['1', '2', '6', 'sub'] });
      await fs.names('e/sub', { is: ['3', '4'] });
      await fs.rename('e/sub', 's');
      await fs.names('s', { is: ['3', '4'] });
      await fs.read('s/4', { is: '4' });
      await fs.unlink('e/6');
      await fs.write('e/5', 'again');
    },
  },
  {
    name: 'open directories and files inside go on',
    layers: [[file('d/a', 'a'), file('d/b', 'b')]],
    run: async (fs) => {
      const directory = await fs.open('d', o.RDONLY | o.DIRECTORY);
      const fd = await fs.open('d/a', o.RDONLY);
      await fs.rename('d', 'e');
      await fs.pread(fd, 5, 0, { is: 'a' });
      await fs.read([directory, 'b'], { is: 'b' });
      await fs.write([directory, 'c'], 'c');
      await fs.names('e', { is: ['a', 'b', 'c'] });
      await fs.unlink([directory, 'a']);
      await fs.names('e', { is: ['b', 'c'] });
    },
  },
  {
    name: 'directories with hard links across',
    layers: [[file('d/a', 'x'), link('e/b', 'd/a')]],
    run: async (fs) => {
      await fs.rename('d', 'f');
      await fs.write('f/a', 'y', { flags: o.WRONLY });
      await fs.read('e/b', { is: 'y' });
      await fs.rename('e', 'f/e');
      await fs.lstat('f/e/b', { like: { nlink: 2 } });
    },
  },
  {
    name: 'the inode number stays',
    layers: [[file('d/a')], [file('d/b')]],
    run: async (fs) => {
      const before = await fs.lstat('d');
      const inside = await fs.lstat('d/b');
      await fs.rename('d', 'e');
      await fs.lstat('e', { like: { ino: before.ino } });
      await fs.lstat('e/b', { like: { ino: inside.ino } });
      await fs.rename('e', 'd');
      await fs.lstat('d', { like: { ino: before.ino } });
    },
  },
  {
    name: 'names that need care in a redirect',
    layers: [[file('d/f', '1'), file('a:b,c/f', '2'), file('\\x/f', '3'), file('\xe9\xff/f', '4')]],
    run: async (fs) => {
      await fs.mkdir('into');
      await fs.rename('a:b,c', 'into/\\101');
      await fs.rename('\\x', 'into/:');
      await fs.rename('\xe9\xff', 'into/ \n"');
      await fs.rename('d', 'into/..d');
      await fs.read('into/\\101/f', { is: '2' });
      await fs.read('into/:/f', { is: '3' });
      await fs.read('into/ \n"/f', { is: '4' });
    },
  },
];

await conform('rename-directory', cases);
