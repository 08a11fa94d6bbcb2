/** Without an upper layer nothing can be changed: EROFS, whatever the way. */
import { conform, type Case } from '../fixtures/conform.ts';
import { kind, o } from '../fixtures/flags.ts';
import { dir, file, link, symlink, whiteout } from '../fixtures/layers.ts';

const notPlain = { plain: 'a plain directory can be written' };
const readOnly = { fails: 'EROFS' } as const;

const cases: Case[] = [
  {
    name: 'reading is all there is',
    readOnly: true,
    layers: [
      [file('a', 'top'), file('d/x'), whiteout('gone')],
      [file('a', 'low'), file('d/y'), file('gone'), link('b', 'a')],
    ],
    run: async (fs) => {
      await fs.read('a', { is: 'top' });
      await fs.names('d', { is: ['x', 'y'] });
      await fs.names('.', { is: ['a', 'b', 'd'] });
      await fs.lstat('gone', { fails: 'ENOENT' });
    },
    otherTree: { overlay: 'nlink counts a hidden name', strata: 'nlink counts a hidden name' },
  },
  {
    name: 'every change is refused',
    readOnly: true,
    not: notPlain,
    layers: [[file('f', 'x'), dir('d'), symlink('l', 'f')], [file('d/y')]],
    run: async (fs) => {
      await fs.open('f', o.WRONLY, 0, readOnly);
      await fs.open('f', o.RDWR, 0, readOnly);
      await fs.open('f', o.RDONLY | o.TRUNC, 0, readOnly);
      await fs.open('new', o.WRONLY | o.CREAT, 0o644, readOnly);
      await fs.open('d', o.RDWR | o.TMPFILE, 0o644, readOnly);
      await fs.close(await fs.open('f', o.RDONLY | o.CREAT, 0o644));
      await fs.open('f', o.RDONLY | o.CREAT | o.EXCL, 0o644, { fails: 'EEXIST' });
      await fs.truncate('f', 0, readOnly);
      await fs.mkdir('new', 0o755, readOnly);
      await fs.mkdir('d', 0o755, { fails: ['EEXIST', 'EROFS'] });
      await fs.rmdir('d', readOnly);
      await fs.unlink('f', readOnly);
      await fs.rename('f', 'g', readOnly);
      await fs.link('f', 'g', readOnly);
      await fs.symlink('x', 'g', readOnly);
      await fs.mknod('g', kind.FIFO | 0o600, 0, readOnly);
      await fs.chmod('f', 0o600, readOnly);
      await fs.chown('l', 1, 1, readOnly);
      await fs.utimes('f', 1, 1, readOnly);
      await fs.setxattr('f', 'user.x', '1', readOnly);
      await fs.removexattr('f', 'user.x', readOnly);
      await fs.access('f', 2, { fails: ['EACCES', 'EROFS'] });
    },
  },
  {
    name: 'by descriptor, too',
    readOnly: true,
    not: notPlain,
    layers: [[file('f', 'x')], [file('g')]],
    run: async (fs) => {
      const fd = await fs.open('f', o.RDONLY);
      await fs.fchmod(fd, 0o600, readOnly);
      await fs.fchown(fd, 1, 1, readOnly);
      await fs.futimes(fd, 1, 1, readOnly);
      await fs.reopen(fd, o.RDWR, readOnly);
      await fs.pwrite(fd, 'y', 0, { fails: 'EBADF' });
      await fs.fsync(fd);
      await fs.mkdir('no/x', 0o755, { fails: 'ENOENT' });
    },
  },
];

await conform('read-only', cases);
