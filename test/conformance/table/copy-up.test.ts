/** What a lower file keeps when it comes up: everything, by whichever operation it came. */
import { conform, type Case } from '../fixtures/conform.ts';
import { device, falloc, kind, o, seek } from '../fixtures/flags.ts';
import { dir, fifo, file, node, symlink, type Attributes } from '../fixtures/layers.ts';
import { expectThat } from '../fixtures/ops.ts';

const dressed: Attributes = {
  mode: 0o641,
  uid: 1001,
  gid: 1002,
  mtime: '1234567890123456789',
  xattrs: {
    'user.a': '1',
    'user.long': 'v'.repeat(3000),
    'trusted.t': 'T',
    'security.x': 's',
    'user.empty': '',
  },
};

/** One case for each way to bring a file up without changing its data. */
const ways: [string, Case['run']][] = [
  [
    'an open for writing',
    async (fs) => {
      await fs.close(await fs.open('d/f', o.RDWR));
    },
  ],
  [
    'an open for appending',
    async (fs) => {
      await fs.close(await fs.open('d/f', o.WRONLY | o.APPEND));
    },
  ],
  ['chmod', (fs) => fs.chmod('d/f', 0o641).then(() => undefined)],
  ['chown', (fs) => fs.chown('d/f', 1001, 1002).then(() => undefined)],
  ['utimes', (fs) => fs.utimes('d/f', 5, '1234567890123456789').then(() => undefined)],
  ['setxattr', (fs) => fs.setxattr('d/f', 'user.b', '2').then(() => undefined)],
  ['removexattr', (fs) => fs.removexattr('d/f', 'user.a').then(() => undefined)],
  ['link', (fs) => fs.link('d/f', 'g').then(() => undefined)],
  ['rename', (fs) => fs.rename('d/f', 'd/g').then(() => undefined)],
  ['truncate to its own size', (fs) => fs.truncate('d/f', 5).then(() => undefined)],
];

const cases: Case[] = [
  ...['on', 'off'].flatMap((features) =>
    ways.map(([way, run]): Case => ({
      name: `by ${way}, features ${features}`,
      layers: [
        [
          dir('d', { mode: 0o2751, uid: 3, xattrs: { 'user.d': 'x' }, mtime: 77 }),
          file('d/f', 'hello', dressed),
        ],
      ],
      ...(features === 'off' ? { features: 'off' as const } : {}),
      run,
    })),
  ),
  {
    name: 'every type of file',
    layers: [
      [
        fifo('p', { mode: 0o600, uid: 1 }),
        node('c', kind.CHAR | 0o620, device(1, 3)),
        node('b', kind.BLOCK | 0o660, device(7, 200)),
        node('s', kind.SOCKET | 0o755),
        symlink('l', 'x'.repeat(300), { uid: 4 }),
      ],
    ],
    run: async (fs) => {
      for (const name of ['p', 'c', 'b', 's']) await fs.chmod(name, 0o604);
      for (const name of ['p', 'c', 'b', 's', 'l']) await fs.chown(name, 11, 12);
      for (const name of ['p', 'c', 'b', 's', 'l']) await fs.utimes(name, 3, 4);
      await fs.lstat('c', {
        like: { mode: kind.CHAR | 0o604, rdev: device(1, 3), uid: 11, mtime: '4000000000' },
      });
      await fs.readlink('l', { is: 'x'.repeat(300) });
    },
  },
  {
    name: 'inode numbers stay',
    layers: [[file('d/f', 'x'), fifo('d/p'), symlink('d/l', 'f'), dir('d/e')], [file('d/g', 'y')]],
    run: async (fs) => {
      const names = ['d', 'd/f', 'd/g', 'd/p', 'd/l', 'd/e'];
      const before = await Promise.all(names.map((name) => fs.lstat(name)));
      for (const name of names) await fs.chown(name, 5, 5);
      await fs.write('d/f', 'changed');
      await fs.rename('d/g', 'd/h');
      for (const [index, name] of names.entries()) {
        await fs.lstat(name === 'd/g' ? 'd/h' : name, { like: { ino: before[index]?.ino ?? '' } });
      }
    },
  },
  {
    name: 'holes stay holes',
    not: { overlay: 'copies a mebibyte around each datum' },
    layers: [
      {
        through: async (root, agent) => {
          const fd = await agent.call('open', `${root}/sparse`, o.RDWR | o.CREAT, 0o644);
          await agent.call('pwrite', fd, 'end', 8 << 20);
          await agent.call('pwrite', fd, 'middle', 4 << 20);
          await agent.call('close', fd);
        },
      },
    ],
    run: async (fs) => {
      const fd = await fs.open('sparse', o.RDWR);
      await fs.pwrite(fd, 'a', 0);
      await fs.fsync(fd);
      const { blocks } = await fs.fstat(fd, { like: { size: (8 << 20) + 3 } });
      expectThat(blocks < 256, `${String(blocks)} blocks`);
      await fs.lseek(fd, 4096, seek.DATA, { is: 4 << 20 });
      await fs.lseek(fd, 4 << 20, seek.HOLE, { is: (4 << 20) + 4096 });
      await fs.pread(fd, 6, 4 << 20, { is: 'middle' });
      await fs.pread(fd, 3, 8 << 20, { is: 'end' });
      await fs.mkdir('new');
    },
  },
  {
    name: 'deep parents come along with their attributes',
    layers: [
      [
        dir('a', { mode: 0o700, mtime: 1 }),
        dir('a/b', { mode: 0o1777, uid: 5, mtime: 2 }),
        dir('a/b/c', { xattrs: { 'user.c': 'c' }, mtime: 3 }),
        file('a/b/c/f', 'x'),
      ],
      [dir('a', { mode: 0o777 }), file('a/b/other', 'y')],
    ],
    run: async (fs) => {
      await fs.write('a/b/c/f', 'new', { flags: o.WRONLY });
      await fs.lstat('a', { like: { mode: kind.DIR | 0o700, mtime: '1000000000' } });
      await fs.lstat('a/b', { like: { mode: kind.DIR | 0o1777, uid: 5, mtime: '2000000000' } });
      await fs.lstat('a/b/c', { like: { mtime: '3000000000' } });
    },
  },
  {
    name: 'big data, then a write in the middle',
    layers: [[file('big', 'abcdefgh'.repeat(300_000))]],
    run: async (fs) => {
      const reader = await fs.open('big', o.RDONLY);
      await fs.pread(reader, 8, 8 * 1000, { is: 'abcdefgh' });
      const fd = await fs.open('big', o.RDWR);
      await fs.pwrite(fd, 'X', 1_000_000);
      await fs.pread(fd, 8, 1_000_000, { is: 'Xbcdefgh' });
      await fs.pread(fd, 8, 2_399_992, { is: 'abcdefgh' });
      await fs.pread(reader, 8, 1_000_000, { is: 'Xbcdefgh' });
      await fs.fstat(reader, { like: { size: 2_400_000 } });
    },
  },
  {
    name: 'metadata first, data later',
    layers: [[file('f', 'hello'.repeat(1000), dressed)]],
    run: async (fs) => {
      await fs.chmod('f', 0o600);
      await fs.read('f', { is: 'hello'.repeat(1000) });
      await fs.lstat('f', { like: { size: 5000 } });
      const fd = await fs.open('f', o.RDWR);
      await fs.pread(fd, 5, 4995, { is: 'hello' });
      await fs.pwrite(fd, 'J', 0);
      await fs.fsync(fd);
      await fs.getxattr('f', 'trusted.t', { is: 'T' });
      await fs.truncate('f', 7);
      await fs.read('f', { is: 'Jellohe' });
    },
  },
  {
    name: 'an empty file: metadata first, data after a remount',
    layers: [[file('f', '', dressed), file('d/g')]],
    before: async (fs) => {
      await fs.chmod('f', 0o600);
      await fs.rename('d/g', 'g');
    },
    run: async (fs) => {
      await fs.write('f', 'new', { flags: o.WRONLY | o.APPEND });
      await fs.write('g', 'new', { flags: o.WRONLY });
    },
  },
  {
    name: 'metadata, a rename, a link, then data',
    layers: [[file('d/f', 'hello', dressed), file('other', 'x')]],
    run: async (fs) => {
      await fs.chmod('d/f', 0o600);
      await fs.rename('d/f', 'g');
      await fs.link('g', 'd/h');
      await fs.rename('d', 'e');
      await fs.read('e/h', { is: 'hello' });
      await fs.write('e/h', 'J', { flags: o.WRONLY });
      await fs.read('g', { is: 'Jello' });
      await fs.lstat('g', { like: { nlink: 2 } });
    },
  },
  {
    name: 'O_TRUNC and truncate: nothing of the old data',
    layers: [[file('f', 'hello', dressed), file('g', 'hello', dressed), file('h', 'hello')]],
    run: async (fs) => {
      await fs.close(await fs.open('f', o.WRONLY | o.TRUNC));
      await fs.read('f', { is: '' });
      await fs.truncate('g', 0);
      await fs.truncate('g', 9);
      await fs.read('g', { is: '\0'.repeat(9) });
      await fs.truncate('h', 2);
      await fs.truncate('h', 4);
      await fs.read('h', { is: 'he\0\0' });
    },
  },
  {
    name: 'fallocate of a lower file',
    layers: [[file('f', 'a'.repeat(8192))]],
    run: async (fs) => {
      const fd = await fs.open('f', o.RDWR);
      await fs.fallocate(fd, falloc.PUNCH_HOLE | falloc.KEEP_SIZE, 0, 4096);
      await fs.pread(fd, 2, 4095, { is: '\0a' });
    },
  },
  {
    name: 'reading brings nothing up',
    layers: [[file('d/f', 'x', dressed), symlink('l', 'd')], [file('d/g')]],
    run: async (fs) => {
      await fs.read('d/f', { is: 'x' });
      await fs.names('l');
      await fs.stat('l');
      await fs.getxattr('d/f', 'user.a');
      await fs.access('d/f', 2);
    },
  },
];

await conform('copy-up', cases);
