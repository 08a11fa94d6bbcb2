/**
 * Who writes to a setuid file takes its privilege away. With passthrough the kernel alone sees the
 * write, so each way of writing has its case: a mistake here is a way to root.
 */
import { conform, type Case } from '../fixtures/conform.ts';
import { falloc, kind, o } from '../fixtures/flags.ts';
import { file, link } from '../fixtures/layers.ts';
import type { Ops } from '../fixtures/ops.ts';

const capability = '\x01\0\0\x02\0\x20\0\0\0\0\0\0\0\0\0\0\0\0\0\0';
const user = { uid: 1234, gid: 1234 };
const page = 'x'.repeat(8192);

/** Each takes an open descriptor that may write. */
const writes: [string, (who: Ops, fd: number) => Promise<unknown>][] = [
  ['pwrite', (who, fd) => who.pwrite(fd, 'y', 0)],
  ['write at the end', (who, fd) => who.pwrite(fd, 'y', 8192)],
  ['ftruncate', (who, fd) => who.ftruncate(fd, 3)],
  ['ftruncate to a longer size', (who, fd) => who.ftruncate(fd, 9000)],
  ['fallocate', (who, fd) => who.fallocate(fd, 0, 0, 20_000)],
  ['punch hole', (who, fd) => who.fallocate(fd, falloc.PUNCH_HOLE | falloc.KEEP_SIZE, 0, 4096)],
  [
    'copy_file_range',
    async (who, fd) => who.call(undefined, 'copyrange', await who.open('source', o.RDONLY), 0, fd, 0, 10),
  ],
  [
    'sendfile',
    async (who, fd) => who.call(undefined, 'sendfile', fd, await who.open('source', o.RDONLY), 0, 10),
  ],
  [
    'a write that is followed by fsync',
    async (who, fd) => {
      await who.pwrite(fd, 'y', 0);
      await who.fsync(fd);
    },
  ],
];

const layer = [
  file('source', 'some source data'),
  file('f', page, { mode: 0o6777, uid: 5, gid: 6 }),
  file('h', page, { mode: 0o6777, uid: 5, gid: 6 }),
  link('h2', 'h'),
];

const cases: Case[] = [
  ...writes.flatMap(([name, write]) => [
    {
      name: `${name} by another user, file below`,
      layers: [layer],
      run: async (fs: Ops) => {
        const who = await fs.other(user);
        await write(who, await who.open('f', o.RDWR));
        await fs.lstat('f', { like: { mode: kind.FILE | 0o777 } });
      },
    },
    {
      name: `${name} by another user, file above, twice`,
      layers: [layer],
      run: async (fs: Ops) => {
        await fs.write('up', page);
        await fs.chmod('up', 0o6777);
        const who = await fs.other(user);
        const fd = await who.open('up', o.RDWR);
        await write(who, fd);
        await fs.lstat('up', { like: { mode: kind.FILE | 0o777 } });
        await fs.chmod('up', 0o4777);
        await fs.lstat('up', { like: { mode: kind.FILE | 0o4777 } });
        await write(who, fd);
        await fs.lstat('up', { like: { mode: kind.FILE | 0o777 } });
        await who.fstat(fd, { like: { mode: kind.FILE | 0o777 } });
      },
    },
    {
      name: `${name} by root: the bits stay`,
      layers: [layer],
      run: async (fs: Ops) => {
        await write(fs, await fs.open('f', o.RDWR));
        await fs.lstat('f', { like: { mode: kind.FILE | 0o6777 } });
      },
    },
  ]),
  {
    name: 'a setgid bit without group execution goes with the write of one who is not in the group',
    layers: [[file('f', page, { mode: 0o2666 }), file('g', page, { mode: 0o2666, gid: 1234 })]],
    run: async (fs) => {
      const who = await fs.other(user);
      await who.write('f', 'y', { flags: o.WRONLY });
      await fs.lstat('f', { like: { mode: kind.FILE | 0o666 } });
      await who.write('g', 'y', { flags: o.WRONLY });
      await fs.lstat('g', { like: { mode: kind.FILE | 0o2666 } });
    },
  },
  {
    name: 'O_TRUNC and truncate by another user',
    layers: [layer],
    run: async (fs) => {
      const who = await fs.other(user);
      await who.close(await who.open('f', o.WRONLY | o.TRUNC));
      await fs.lstat('f', { like: { mode: kind.FILE | 0o777, size: 0 } });
      await who.truncate('h', 10);
      await fs.lstat('h', { like: { mode: kind.FILE | 0o777, size: 10 } });
      await fs.lstat('h2', { like: { mode: kind.FILE | 0o777 } });
    },
  },
  {
    name: 'file capabilities go with any write, root or not',
    layers: [
      [
        file('f', page, { mode: 0o777, xattrs: { 'security.capability': capability } }),
        file('g', page, { mode: 0o777, xattrs: { 'security.capability': capability } }),
        file('t', page, { mode: 0o777, xattrs: { 'security.capability': capability } }),
      ],
    ],
    run: async (fs) => {
      const who = await fs.other(user);
      const fd = await who.open('f', o.RDWR);
      await fs.getxattr('f', 'security.capability');
      await who.pwrite(fd, 'y', 0);
      await fs.getxattr('f', 'security.capability', { fails: 'ENODATA' });
      await fs.write('g', 'y', { flags: o.WRONLY });
      await fs.getxattr('g', 'security.capability', { fails: 'ENODATA' });
      await fs.truncate('t', 10);
      await fs.getxattr('t', 'security.capability', { fails: 'ENODATA' });
    },
  },
  {
    name: 'a capability that is set while the file is open for writing',
    layers: [[file('f', page, { mode: 0o777 })]],
    run: async (fs) => {
      const who = await fs.other(user);
      const fd = await who.open('f', o.RDWR);
      await who.pwrite(fd, 'y', 0);
      await fs.setxattr('f', 'security.capability', capability);
      await who.pwrite(fd, 'z', 0);
      await fs.getxattr('f', 'security.capability', { fails: 'ENODATA' });
    },
  },
  {
    name: 'a store through a shared mapping leaves what a plain file system leaves',
    layers: [layer],
    run: async (fs) => {
      const who = await fs.other(user);
      const fd = await who.open('f', o.RDWR);
      const map = await who.call<number>(undefined, 'mmap', fd, 8192, true, true);
      await who.call(undefined, 'store', map, 0, 'stored');
      await who.call(undefined, 'msync', map);
      await who.call(undefined, 'munmap', map);
      await who.close(fd);
    },
  },
  {
    name: 'O_DIRECT by another user',
    layers: [layer],
    run: async (fs) => {
      const who = await fs.other(user);
      await who.call(undefined, 'direct_write', await who.open('f', o.RDWR | o.DIRECT), 65, 4096, 0);
      await fs.lstat('f', { like: { mode: kind.FILE | 0o777 } });
    },
  },
  {
    name: 'a descriptor opened before the bits were set',
    layers: [[file('f', page, { mode: 0o777, uid: 5 })]],
    run: async (fs) => {
      const who = await fs.other(user);
      const fd = await who.open('f', o.RDWR);
      await who.pwrite(fd, 'a', 0);
      await fs.chmod('f', 0o6755);
      await fs.lstat('f', { like: { mode: kind.FILE | 0o6755 } });
      await who.pwrite(fd, 'b', 0);
      await fs.lstat('f', { like: { mode: kind.FILE | 0o755 } });
    },
  },
];

await conform('killpriv', cases);
