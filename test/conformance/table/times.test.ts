/** atime, mtime, ctime, btime: set, kept, and moved by what should move them, and by nothing else. */
import { conform, type Case } from '../fixtures/conform.ts';
import { o } from '../fixtures/flags.ts';
import { dir, file, symlink } from '../fixtures/layers.ts';
import { expectThat, type Ops } from '../fixtures/ops.ts';

const old = '1000000000000000000';

/** Runs `act`, and tells which times of `path` moved: 'm', 'c', 'mc' or ''. */
async function moved(fs: Ops, path: string, act: () => Promise<unknown>, wanted: string): Promise<void> {
  const before = await fs.lstat(path);
  await new Promise((resolve) => setTimeout(resolve, 20));
  await act();
  const after = await fs.lstat(path);
  const which = `${before.mtime === after.mtime ? '' : 'm'}${before.ctime === after.ctime ? '' : 'c'}`;
  expectThat(which === wanted, `times of ${path} that moved: '${which}', expected '${wanted}'`);
}

/** include/uapi/linux/fs.h */
const FS_IOC_SETFLAGS = 0x40086602;
const FS_NODUMP_FL = 0x40;
/** ext4 would give the file another form without it, which it can do for some only. */
const FS_EXTENT_FL = 0x80000;

const cases: Case[] = [
  {
    name: 'utimensat to the nanosecond, before 1970, after 2106',
    layers: [[file('f', 'x'), dir('d'), symlink('l', 'f')]],
    run: async (fs) => {
      for (const path of ['f', 'd', 'l']) {
        await fs.utimes(path, '1111111111222333444', '1234567890987654321');
        await fs.lstat(path, { like: { atime: '1111111111222333444', mtime: '1234567890987654321' } });
      }
      await fs.utimes('f', '-5000000001', '-1');
      await fs.lstat('f', { like: { mtime: '-1', atime: '-5000000001' } });
      await fs.utimes('f', '5000000000000000001', '5000000000000000002');
      await fs.lstat('f', { like: { mtime: '5000000000000000002' } });
      await fs.lstat('f', { like: { size: 1 } });
    },
  },
  {
    name: 'through a descriptor, also of an unlinked file and of a reader',
    layers: [[file('f', 'x')]],
    run: async (fs) => {
      const fd = await fs.open('f', o.RDWR);
      await fs.futimes(fd, 5, 6);
      await fs.lstat('f', { like: { mtime: '6000000000' } });
      await fs.unlink('f');
      await fs.futimes(fd, 7, 8);
      await fs.fstat(fd, { like: { mtime: '8000000000', atime: '7000000000' } });
    },
  },
  {
    name: 'what moves the times of a file',
    layers: [
      [file('f', 'hello'), file('g', 'hello'), file('h', 'hello'), file('i', 'hello'), file('t', 'hello')],
    ],
    run: async (fs) => {
      await moved(fs, 'f', () => fs.chmod('f', 0o600), 'c');
      await moved(fs, 'f', () => fs.chown('f', 1, 1), 'c');
      await moved(fs, 'f', () => fs.setxattr('f', 'user.x', '1'), 'c');
      await moved(fs, 'f', () => fs.removexattr('f', 'user.x'), 'c');
      await moved(fs, 'f', () => fs.read('f'), '');
      await moved(fs, 'g', () => fs.write('g', 'X', { flags: o.WRONLY }), 'mc');
      await moved(fs, 'g', () => fs.write('g', 'X', { flags: o.WRONLY }), 'mc');
      await moved(fs, 'h', () => fs.truncate('h', 2), 'mc');
      await moved(fs, 't', () => fs.truncate('t', 0), 'mc');
      await moved(fs, 'i', async () => fs.close(await fs.open('i', o.WRONLY | o.TRUNC)), 'mc');
      await moved(fs, 'i', () => fs.link('i', 'j'), 'c');
      await moved(fs, 'i', () => fs.rename('i', 'k').then(() => fs.rename('k', 'i')), 'c');
      await moved(fs, 'i', () => fs.unlink('j'), 'c');
    },
  },
  {
    name: 'opening for writing and not writing moves nothing',
    layers: [[file('f', 'hello')]],
    run: async (fs) => {
      await moved(fs, 'f', async () => fs.close(await fs.open('f', o.RDWR)), '');
      await fs.lstat('f', { like: { mtime: old } });
    },
    not: { overlay: 'the copy has a ctime of its own', strata: 'the copy has a ctime of its own' },
  },
  {
    name: 'a copy-up does not move mtime',
    layers: [[file('d/f', 'hello')]],
    run: async (fs) => {
      await fs.close(await fs.open('d/f', o.RDWR));
      await fs.lstat('d/f', { like: { mtime: old } });
      await fs.lstat('d', { like: { mtime: old } });
      await fs.chmod('d', 0o700);
      await fs.lstat('d', { like: { mtime: old } });
    },
  },
  {
    name: 'what moves the times of a directory',
    layers: [[file('d/f'), file('d/g'), dir('d/e'), dir('other')], [file('d/low')]],
    run: async (fs) => {
      await moved(fs, 'd', () => fs.write('d/new', ''), 'mc');
      await moved(fs, 'd', () => fs.unlink('d/low'), 'mc');
      await moved(fs, 'd', () => fs.mkdir('d/sub'), 'mc');
      await moved(fs, 'd', () => fs.rmdir('d/sub'), 'mc');
      await moved(fs, 'd', () => fs.rename('d/f', 'd/h'), 'mc');
      await moved(fs, 'd', () => fs.rename('d/h', 'other/h'), 'mc');
      await moved(fs, 'other', () => fs.rename('d/g', 'other/g'), 'mc');
      await moved(fs, 'd', () => fs.symlink('x', 'd/l'), 'mc');
      await moved(fs, 'd', () => fs.link('other/h', 'd/again'), 'mc');
      await moved(fs, 'd', () => fs.write('d/new', 'x'), '');
      await moved(fs, 'd', () => fs.chmod('d/new', 0o600), '');
      await moved(fs, 'd', () => fs.names('d'), '');
    },
  },
  {
    name: 'writing through a shared mapping',
    layers: [[file('f', 'x'.repeat(8192))]],
    run: async (fs) => {
      const fd = await fs.open('f', o.RDWR);
      const map = await fs.call<number>(undefined, 'mmap', fd, 8192, true, true);
      const before = await fs.fstat(fd);
      await new Promise((resolve) => setTimeout(resolve, 1100));
      await fs.call(undefined, 'store', map, 5000, 'stored');
      await fs.call(undefined, 'msync', map);
      await new Promise((resolve) => setTimeout(resolve, 1100));
      const after = await fs.lstat('f');
      expectThat(BigInt(after.mtime) > BigInt(before.mtime), 'mtime did not move');
    },
  },
  {
    name: 'flags of an inode (chattr)',
    layers: [[dir('d')]],
    run: async (fs) => {
      await fs.write('d/f', 'x');
      const before = await fs.lstat('d/f');
      await new Promise((resolve) => setTimeout(resolve, 30));
      const fd = await fs.open('d/f', o.RDONLY);
      await fs.call(undefined, 'ioctl', fd, FS_IOC_SETFLAGS, FS_NODUMP_FL | FS_EXTENT_FL);
      const after = await fs.lstat('d/f');
      expectThat(BigInt(after.ctime) > BigInt(before.ctime), 'ctime did not move');
    },
  },
  {
    name: 'touch: by the owner, by one who may write, by neither',
    layers: [[file('mine', '', { uid: 1234 }), file('all', '', { mode: 0o666 }), file('root')]],
    run: async (fs) => {
      const user = await fs.other({ uid: 1234, gid: 1234 });
      await user.touch('mine');
      await user.utimes('mine', 5, 5);
      await user.touch('all');
      await user.utimes('all', 5, 5, { fails: 'EPERM' });
      await user.touch('root', { fails: 'EACCES' });
    },
  },
  {
    name: 'times that were set survive a write-back, closing and a look from elsewhere',
    layers: [[file('f', 'hello')]],
    run: async (fs) => {
      const fd = await fs.open('f', o.RDWR);
      await fs.pwrite(fd, 'x'.repeat(100_000), 0);
      await fs.futimes(fd, 5, '6000000007');
      await fs.fstat(fd, { like: { mtime: '6000000007' } });
      await fs.close(fd);
      await fs.lstat('f', { like: { mtime: '6000000007' } });
      const other = await fs.other();
      await other.lstat('f', { like: { mtime: '6000000007' } });
      await fs.write('g', 'data');
      await fs.utimes('g', 1, 2);
      await fs.lstat('g', { like: { mtime: '2000000000' } });
    },
  },
  {
    name: 'birth',
    layers: [[file('f')]],
    run: async (fs) => {
      const before = await fs.call<string | null>(undefined, 'btime', fs.at('f'));
      await fs.write('new', 'x');
      const made = await fs.call<string | null>(undefined, 'btime', fs.at('new'));
      expectThat(before === null || Number(before) > 1_700_000_000, `btime ${String(before)}`);
      expectThat(made === null || Number(made) > 1_700_000_000, `btime ${String(made)}`);
    },
  },
];

await conform('times', cases);
