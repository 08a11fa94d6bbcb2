/** mknod(2) and symlink(2): FIFOs, sockets, devices, symbolic links, and what goes through them. */
import { conform, type Case } from '../fixtures/conform.ts';
import { device, kind, o } from '../fixtures/flags.ts';
import { dir, fifo, file, node, symlink } from '../fixtures/layers.ts';

const cases: Case[] = [
  {
    name: 'mknod of each type',
    layers: [[dir('d')]],
    run: async (fs) => {
      await fs.mknod('d/p', kind.FIFO | 0o640);
      await fs.mknod('d/s', kind.SOCKET | 0o640);
      await fs.mknod('d/c', kind.CHAR | 0o640, device(1, 3));
      await fs.mknod('d/b', kind.BLOCK | 0o640, device(7, 0));
      await fs.mknod('d/f', kind.FILE | 0o640);
      await fs.lstat('d/c', { like: { mode: kind.CHAR | 0o640, rdev: device(1, 3) } });
      await fs.lstat('d/b', { like: { mode: kind.BLOCK | 0o640, rdev: device(7, 0) } });
      await fs.mknod('d/p', kind.FIFO | 0o600, 0, { fails: 'EEXIST' });
    },
  },
  {
    name: 'nobody makes a whiteout',
    layers: [[file('low')]],
    not: { plain: 'a character device 0/0 is nothing special there' },
    run: async (fs) => {
      await fs.mknod('w', kind.CHAR | 0o600, 0, { fails: 'EPERM' });
      await fs.mknod('low', kind.CHAR | 0o600, 0, { fails: 'EEXIST' });
      await fs.lstat('w', { fails: 'ENOENT' });
      await fs.mknod('b', kind.BLOCK | 0o600, 0);
    },
  },
  {
    name: 'a FIFO of a lower layer connects two processes',
    otherTree: { overlay: 'the times of a FIFO below stay', strata: 'the times of a FIFO below stay' },
    layers: [[fifo('p')]],
    run: async (fs) => {
      const other = await fs.other();
      const reader = await fs.open('p', o.RDONLY | o.NONBLOCK);
      const writer = await other.open('p', o.WRONLY);
      await other.append(writer, 'through');
      await fs.call({ is: 'through' }, 'read', reader, 100);
      await fs.open('p', o.WRONLY | o.NONBLOCK);
    },
  },
  {
    name: 'devices of a lower layer work: null and zero',
    layers: [[node('null', kind.CHAR | 0o666, device(1, 3)), node('zero', kind.CHAR | 0o666, device(1, 5))]],
    run: async (fs) => {
      const zero = await fs.open('zero', o.RDONLY);
      await fs.call({ is: '\0\0\0' }, 'read', zero, 3);
      const sink = await fs.open('null', o.RDWR);
      await fs.append(sink, 'gone');
      await fs.call({ is: '' }, 'read', sink, 3);
    },
  },
  {
    name: 'symlinks: long, dangling, loops, not UTF-8',
    layers: [
      [
        symlink('long', 'x'.repeat(4095)),
        symlink('loop', 'loop'),
        symlink('bytes', '\xff\xfe/\x01'),
        symlink('short', 'f'),
        file('f', '1'),
      ],
    ],
    run: async (fs) => {
      await fs.readlink('long', { is: 'x'.repeat(4095) });
      await fs.readlink('bytes', { is: '\xff\xfe/\x01' });
      await fs.open('loop', o.RDONLY, 0, { fails: 'ELOOP' });
      await fs.lstat('long', { like: { size: 4095, mode: kind.LINK | 0o777 } });
      await fs.symlink('y'.repeat(4095), 'mine');
      await fs.readlink('mine', { is: 'y'.repeat(4095) });
      await fs.symlink('y'.repeat(4096), 'toolong', { fails: 'ENAMETOOLONG' });
      await fs.symlink('', 'empty', { fails: 'ENOENT' });
      await fs.symlink('a', 'f', { fails: 'EEXIST' });
      await fs.readlink('f', { fails: 'EINVAL' });
      await fs.readlink('no', { fails: 'ENOENT' });
      await fs.stat('long', { fails: 'ENAMETOOLONG' });
    },
  },
  {
    name: 'symlinks across layers and up',
    layers: [
      [symlink('a', 'd/low'), symlink('d/up', '../top'), file('top', 'T')],
      [file('d/low', 'L'), symlink('b', 'd/up')],
    ],
    run: async (fs) => {
      await fs.read('a', { is: 'L' });
      await fs.read('b', { is: 'T' });
      await fs.write('b', 'changed', { flags: o.WRONLY });
      await fs.read('top', { is: 'changed' });
      await fs.unlink('b');
      await fs.symlink('d', 'b');
      await fs.read('b/low', { is: 'L' });
      await fs.rename('b', 'c');
      await fs.readlink('c', { is: 'd' });
    },
  },
  {
    name: 'a replaced symlink points where the new one does',
    layers: [[symlink('l', 'one'), file('one', '1'), file('two', '2')]],
    run: async (fs) => {
      await fs.read('l', { is: '1' });
      await fs.unlink('l');
      await fs.symlink('two', 'l');
      await fs.read('l', { is: '2' });
      await fs.symlink('one', 'm');
      await fs.rename('m', 'l');
      await fs.read('l', { is: '1' });
    },
  },
];

await conform('special files', cases);
