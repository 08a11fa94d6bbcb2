/** O_TMPFILE: a file without a name, and linkat(2) that gives it one. */
import { conform, type Case } from '../fixtures/conform.ts';
import { kind, o } from '../fixtures/flags.ts';
import { dir, file, whiteout } from '../fixtures/layers.ts';

const cases: Case[] = [
  {
    name: 'written, read, gone',
    layers: [[file('d/low')]],
    run: async (fs) => {
      const fd = await fs.open('d', o.RDWR | o.TMPFILE, 0o640);
      await fs.fstat(fd, { like: { nlink: 0, mode: kind.FILE | 0o640, size: 0 } });
      await fs.pwrite(fd, 'secret', 0);
      await fs.pread(fd, 10, 0, { is: 'secret' });
      await fs.names('d', { is: ['low'] });
      await fs.fsync(fd);
      await fs.close(fd);
    },
  },
  {
    name: 'linked: in a lower directory, over a whiteout, twice',
    layers: [
      [dir('d'), whiteout('w')],
      [file('w'), file('d/low')],
    ],
    run: async (fs) => {
      const fd = await fs.open('d', o.RDWR | o.TMPFILE, 0o600);
      await fs.pwrite(fd, 'content', 0);
      await fs.fchmod(fd, 0o644);
      await fs.linkfd(fd, 'd/name');
      await fs.fstat(fd, { like: { nlink: 1 } });
      await fs.linkfd(fd, 'w');
      await fs.lstat('w', { like: { nlink: 2, size: 7 } });
      await fs.linkfd(fd, 'd/low', { fails: 'EEXIST' });
      await fs.pwrite(fd, 'C', 0);
      await fs.read('d/name', { is: 'Content' });
      await fs.close(fd);
      await fs.unlink('d/name');
      await fs.read('w', { is: 'Content' });
    },
  },
  {
    name: 'O_EXCL forbids a link',
    layers: [[dir('d')]],
    run: async (fs) => {
      const fd = await fs.open('d', o.RDWR | o.TMPFILE | o.EXCL, 0o600);
      await fs.linkfd(fd, 'd/name', { fails: 'ENOENT' });
    },
  },
  {
    name: 'errors: no directory, not writable',
    layers: [[file('f'), dir('shut')]],
    run: async (fs) => {
      await fs.open('f', o.RDWR | o.TMPFILE, 0o600, { fails: 'ENOTDIR' });
      await fs.open('no', o.RDWR | o.TMPFILE, 0o600, { fails: 'ENOENT' });
      const who = await fs.other({ uid: 1234, gid: 1234 });
      await who.open('shut', o.RDWR | o.TMPFILE, 0o600, { fails: 'EACCES' });
      await fs.open('shut', o.RDONLY | o.TMPFILE, 0o600, { fails: 'EINVAL' });
    },
  },
  {
    name: 'of another user: owner, setgid directory, umask',
    layers: [[dir('g', { mode: 0o2777, gid: 77 })]],
    run: async (fs) => {
      const who = await fs.other({ uid: 1234, gid: 1234 });
      await who.umask(0o027);
      const fd = await who.open('g', o.RDWR | o.TMPFILE, 0o666);
      await who.fstat(fd, { like: { uid: 1234, gid: 77, mode: kind.FILE | 0o640 } });
      await who.linkfd(fd, 'g/mine');
      await fs.lstat('g/mine', { like: { uid: 1234, gid: 77, nlink: 1 } });
    },
  },
  {
    name: 'attributes and xattrs before it has a name',
    layers: [[dir('d')]],
    run: async (fs) => {
      const fd = await fs.open('d', o.RDWR | o.TMPFILE, 0o600);
      await fs.call(undefined, 'fsetxattr', fd, 'user.x', 'value', 0);
      await fs.fchown(fd, 3, 4);
      await fs.futimes(fd, 5, 6);
      await fs.ftruncate(fd, 100);
      await fs.futimes(fd, 5, 6);
      await fs.linkfd(fd, 'f');
      await fs.lstat('f', { like: { uid: 3, gid: 4, size: 100, mtime: '6000000000' } });
      await fs.getxattr('f', 'user.x', { is: 'value' });
    },
  },
];

await conform('tmpfile', cases);
