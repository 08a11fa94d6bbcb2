/** Files that stay open while their names go, move, or come up from below. */
import { conform, type Case } from '../fixtures/conform.ts';
import { kind, o } from '../fixtures/flags.ts';
import { dir, file, link } from '../fixtures/layers.ts';
import { expectThat } from '../fixtures/ops.ts';

const followsName = {
  overlay: 'a descriptor of a lower file that is gone by name stays with the lower file',
};

const cases: Case[] = [
  {
    name: 'a removed directory still has its owner, mode and times changed',
    not: { overlay: 'ENOTDIR: it copies nothing up that has no name' },
    layers: [[dir('low'), dir('merged')], [dir('merged')]],
    run: async (fs) => {
      await fs.mkdir('new');
      for (const name of ['low', 'merged', 'new']) {
        const fd = await fs.open(name, o.RDONLY);
        const { ino } = await fs.fstat(fd);
        await fs.rmdir(name);
        await fs.fchmod(fd, 0o700);
        await fs.fchown(fd, 5, 6);
        await fs.futimes(fd, 7, 8);
        await fs.fstat(fd, { like: { mode: kind.DIR | 0o700, uid: 5, gid: 6, ino } });
        await fs.close(fd);
      }
      await fs.names('.', { is: [] });
    },
  },
  {
    name: 'one of two names in an inherited upper, while it is open',
    layers: [[dir('d')]],
    // What passes through is coherent whatever the node.
    ours: 'passthrough=off',
    before: async (fs) => {
      await fs.write('a', 'hello');
      await fs.link('a', 'd/b');
    },
    run: async (fs) => {
      const fd = await fs.open('a', o.RDWR);
      await fs.pwrite(fd, 'J', 0);
      await fs.unlink('a');
      const { ino } = await fs.fstat(fd, { like: { nlink: 1 } });
      await fs.read('d/b', { is: 'Jello' });
      await fs.lstat('d/b', { like: { nlink: 1, ino } });
      await fs.chmod('d/b', 0o600);
      await fs.fstat(fd, { like: { mode: kind.FILE | 0o600 } });
      await fs.rename('d/b', 'c');
      await fs.write('c', 'other');
      await fs.pread(fd, 9, 0, { is: 'other' });
      await fs.unlink('c');
      await fs.fstat(fd, { like: { nlink: 0 } });
      await fs.write('c', 'new');
      await fs.pread(fd, 9, 0, { is: 'other' });
    },
  },
  {
    name: 'an upper file: read, write, truncate, fstat, fsync',
    layers: [[]],
    run: async (fs) => {
      const fd = await fs.open('f', o.RDWR | o.CREAT);
      await fs.pwrite(fd, 'hello', 0);
      await fs.unlink('f');
      await fs.pread(fd, 9, 0, { is: 'hello' });
      await fs.pwrite(fd, 'J', 0);
      await fs.ftruncate(fd, 3);
      await fs.fsync(fd);
      await fs.pread(fd, 9, 0, { is: 'Jel' });
      await fs.fstat(fd, { like: { nlink: 0, size: 3 } });
      await fs.write('f', 'another');
      await fs.pread(fd, 9, 0, { is: 'Jel' });
    },
  },
  {
    name: 'a lower file, open for reading',
    layers: [[file('f', 'hello')]],
    run: async (fs) => {
      const fd = await fs.open('f', o.RDONLY);
      await fs.unlink('f');
      await fs.write('f', 'another one');
      await fs.pread(fd, 20, 0, { is: 'hello' });
      await fs.read('f', { is: 'another one' });
      const before = await fs.fstat(fd);
      const now = await fs.lstat('f');
      expectThat(before.ino !== now.ino, 'both have one inode number');
    },
  },
  {
    name: 'a lower file, open for writing',
    layers: [[file('f', 'hello')]],
    run: async (fs) => {
      const fd = await fs.open('f', o.RDWR);
      await fs.unlink('f');
      await fs.pwrite(fd, 'J', 0);
      await fs.pread(fd, 9, 0, { is: 'Jello' });
      await fs.fstat(fd, { like: { nlink: 0 } });
    },
  },
  {
    name: 'a lower file that is changed by its descriptor after it has lost its name',
    layers: [[file('f', 'hello')]],
    not: followsName,
    run: async (fs) => {
      const fd = await fs.open('f', o.RDONLY);
      await fs.unlink('f');
      await fs.fchmod(fd, 0o600);
      await fs.fchown(fd, 1, 2);
      const again = await fs.reopen(fd, o.RDWR);
      await fs.pwrite(again, 'J', 0);
      await fs.pread(fd, 9, 0, { is: 'Jello' });
      await fs.fstat(fd, { like: { uid: 1, gid: 2, nlink: 0, size: 5 } });
      await fs.ftruncate(again, 2);
      await fs.pread(fd, 9, 0, { is: 'Je' });
    },
  },
  {
    name: 'a name of several, gone; the rest still follow',
    layers: [[file('a', 'hello'), link('b', 'a')]],
    not: followsName,
    run: async (fs) => {
      const fd = await fs.open('a', o.RDONLY);
      await fs.unlink('a');
      await fs.write('b', 'J', { flags: o.WRONLY });
      await fs.pread(fd, 9, 0, { is: 'Jello' });
      await fs.fstat(fd, { like: { nlink: 1 } });
      await fs.unlink('b');
      await fs.fstat(fd, { like: { nlink: 0 } });
      await fs.pread(fd, 9, 0, { is: 'Jello' });
    },
  },
  {
    name: 'a name of several, gone, and a write; the rest follow, though nobody has looked at them before',
    layers: [[file('a', 'hello'), link('b', 'a')]],
    ours: 'metacopy=off',
    not: followsName,
    run: async (fs) => {
      const fd = await fs.open('a', o.RDONLY);
      await fs.unlink('a');
      const writer = await fs.reopen(fd, o.WRONLY);
      await fs.pwrite(writer, 'J', 0);
      await fs.fstat(fd, { like: { nlink: 1 } });
      await fs.lstat('b', { like: { nlink: 1 } });
      await fs.rename('b', 'c');
      await fs.read('c', { is: 'Jello' });
      await fs.fstat(fd, { like: { nlink: 1 } });
    },
  },
  {
    name: 'renamed over while open, then written; a new link brings it back never',
    layers: [[file('a', 'a'), file('b', 'b')]],
    run: async (fs) => {
      const fd = await fs.open('b', o.RDWR);
      await fs.rename('a', 'b');
      await fs.pwrite(fd, 'old', 0);
      await fs.linkfd(fd, 'c', { fails: 'ENOENT' });
      await fs.read('b', { is: 'a' });
      await fs.names('.', { is: ['b'] });
    },
  },
  {
    name: 'reopened through /proc/self/fd, before and after a copy-up',
    layers: [[file('f', 'hello')]],
    run: async (fs) => {
      const fd = await fs.open('f', o.RDONLY);
      const writer = await fs.reopen(fd, o.RDWR);
      await fs.pwrite(writer, 'J', 0);
      await fs.pread(fd, 9, 0, { is: 'Jello' });
      const reader = await fs.reopen(writer, o.RDONLY);
      await fs.pread(reader, 9, 0, { is: 'Jello' });
      const again = await fs.reopen(fd, o.WRONLY | o.TRUNC);
      await fs.fstat(reader, { like: { size: 0 } });
      await fs.append(again, 'new');
      await fs.pread(fd, 9, 0, { is: 'new' });
    },
  },
  {
    name: 'many descriptors of many files, deleted under them',
    layers: [Array.from({ length: 60 }, (_, n) => file(`f${String(n)}`, `data ${String(n)}`))],
    run: async (fs) => {
      const fds: number[] = [];
      for (let n = 0; n < 60; n++) fds.push(await fs.open(`f${String(n)}`, n % 2 === 0 ? o.RDONLY : o.RDWR));
      for (let n = 0; n < 60; n++) await fs.unlink(`f${String(n)}`);
      for (const [n, fd] of fds.entries()) await fs.pread(fd, 99, 0, { is: `data ${String(n)}` });
    },
  },
  {
    name: 'the directory of an open file goes too',
    layers: [[file('d/e/f', 'deep')]],
    run: async (fs) => {
      const fd = await fs.open('d/e/f', o.RDWR);
      await fs.unlink('d/e/f');
      await fs.rmdir('d/e');
      await fs.rmdir('d');
      await fs.pwrite(fd, 'D', 0);
      await fs.pread(fd, 9, 0, { is: 'Deep' });
    },
  },
];

await conform('open and unlinked', cases);
