/** chmod(2), chown(2), access(2): modes, owners, setuid, setgid and sticky bits, and who may change them. */
import { conform, type Case } from '../fixtures/conform.ts';
import { kind, o } from '../fixtures/flags.ts';
import { dir, file, node, symlink, whiteout } from '../fixtures/layers.ts';

const user = { uid: 1234, gid: 1234 };
const owned = { uid: 1234, gid: 77 };

const cases: Case[] = [
  {
    name: 'chmod of lower, merged, upper',
    layers: [[file('f'), dir('d'), symlink('l', 'f')], [file('d/x')]],
    run: async (fs) => {
      await fs.chmod('f', 0o4751);
      await fs.lstat('f', { like: { mode: kind.FILE | 0o4751 } });
      await fs.chmod('d', 0o3770);
      await fs.lstat('d', { like: { mode: kind.DIR | 0o3770 } });
      await fs.chmod('l', 0o600);
      await fs.lstat('f', { like: { mode: kind.FILE | 0o600 } });
      await fs.lstat('l', { like: { mode: kind.LINK | 0o777 } });
      await fs.chmod('.', 0o700);
      await fs.lstat('.', { like: { mode: kind.DIR | 0o700 } });
      await fs.chmod('.', 0o755);
      await fs.chmod('no', 0o600, { fails: 'ENOENT' });
    },
  },
  {
    name: 'chown, one id or both, of a symlink itself',
    layers: [[file('f'), symlink('l', 'f'), dir('d')]],
    run: async (fs) => {
      await fs.chown('f', 5, -1);
      await fs.lstat('f', { like: { uid: 5, gid: 0 } });
      await fs.chown('f', -1, 6);
      await fs.lstat('f', { like: { uid: 5, gid: 6 } });
      await fs.chown('l', 7, 8);
      await fs.lstat('l', { like: { uid: 7, gid: 8 } });
      await fs.chown('d', 100_000, 2_000_000_000);
      await fs.lstat('d', { like: { uid: 100_000, gid: 2_000_000_000 } });
    },
  },
  {
    name: 'by descriptor, on lower, upper and unlinked files',
    layers: [[file('f', 'x')]],
    run: async (fs) => {
      const fd = await fs.open('f', o.RDONLY);
      await fs.fchmod(fd, 0o600);
      await fs.fchown(fd, 3, 4);
      await fs.lstat('f', { like: { mode: kind.FILE | 0o600, uid: 3, gid: 4 } });
      await fs.fstat(fd, { like: { mode: kind.FILE | 0o600, uid: 3, gid: 4 } });
      await fs.unlink('f');
      await fs.fchmod(fd, 0o400);
      await fs.fstat(fd, { like: { mode: kind.FILE | 0o400 } });
    },
    not: { overlay: 'fstat of an unlinked lower file does not follow' },
  },
  {
    name: 'who may not',
    layers: [[file('root'), file('mine', '', { uid: 1234, gid: 1234 }), dir('d', { uid: 1234 })]],
    run: async (fs) => {
      const other = await fs.other(user);
      await other.chmod('root', 0o666, { fails: 'EPERM' });
      await other.chown('root', 1234, -1, { fails: 'EPERM' });
      await other.chmod('mine', 0o600);
      await other.chown('mine', 0, -1, { fails: 'EPERM' });
      await other.chown('mine', -1, 0, { fails: 'EPERM' });
      await other.chown('mine', -1, 1234);
      await other.chmod('d', 0o700);
      await other.write('d/new', 'x');
    },
  },
  {
    name: 'rights to read, write, search, also right after they change',
    layers: [
      [
        file('secret', 'x', { mode: 0o600 }),
        dir('shut', { mode: 0o700 }),
        file('shut/f', 'x', { mode: 0o644 }),
        file('g', 'x', { mode: 0o640, gid: 77 }),
      ],
    ],
    run: async (fs) => {
      const other = await fs.other({ ...user, groups: [77] });
      await other.open('secret', o.RDONLY, 0, { fails: 'EACCES' });
      await other.lstat('shut/f', { fails: 'EACCES' });
      await other.readdir('shut', { fails: 'EACCES' });
      await fs.chmod('secret', 0o604);
      await other.read('secret', { is: 'x' });
      await fs.chmod('secret', 0o600);
      await other.open('secret', o.RDONLY, 0, { fails: 'EACCES' });
      await fs.chmod('shut', 0o701);
      await other.read('shut/f', { is: 'x' });
      await other.readdir('shut', { fails: 'EACCES' });
      await other.read('g', { is: 'x' });
      await other.open('g', o.WRONLY, 0, { fails: 'EACCES' });
      await other.access('g', 4);
      await other.access('g', 2, { fails: 'EACCES' });
      await fs.access('g', 1, { fails: 'EACCES' });
    },
  },
  {
    name: 'the sticky bit',
    layers: [
      [
        dir('t', { mode: 0o1777 }),
        file('t/root'),
        file('t/mine', '', { uid: 1234 }),
        file('t/his', '', { uid: 4321 }),
        dir('t/sub'),
      ],
      [file('t/low')],
    ],
    run: async (fs) => {
      const other = await fs.other(user);
      await other.unlink('t/root', { fails: 'EPERM' });
      await other.unlink('t/low', { fails: 'EPERM' });
      await other.rename('t/his', 't/x', { fails: 'EPERM' });
      await other.rename('t/mine', 't/his', { fails: 'EPERM' });
      await other.rmdir('t/sub', { fails: 'EPERM' });
      await other.rename('t/mine', 't/still');
      await other.unlink('t/still');
      await other.write('t/new', 'x');
      await other.unlink('t/new');
      await fs.chmod('t', 0o777);
      await other.unlink('t/low');
    },
  },
  {
    name: 'setgid directories give their group',
    layers: [[dir('g', { mode: 0o2777, gid: 77 })]],
    run: async (fs) => {
      await fs.write('g/f', 'x');
      await fs.lstat('g/f', { like: { gid: 77, mode: kind.FILE | 0o644 } });
      await fs.mkdir('g/d');
      await fs.lstat('g/d', { like: { gid: 77, mode: kind.DIR | 0o2755 } });
      await fs.mkdir('g/d/e');
      await fs.lstat('g/d/e', { like: { gid: 77, mode: kind.DIR | 0o2755 } });
      await fs.symlink('x', 'g/l');
      await fs.lstat('g/l', { like: { gid: 77 } });
      await fs.mknod('g/p', kind.FIFO | 0o600);
      await fs.lstat('g/p', { like: { gid: 77 } });
      const other = await fs.other(user);
      await other.write('g/his', 'x');
      await fs.lstat('g/his', { like: { uid: 1234, gid: 77 } });
      await other.open('g/exe', o.WRONLY | o.CREAT, 0o2755);
      await fs.lstat('g/exe', { like: { mode: kind.FILE | 0o755, gid: 77 } });
    },
  },
  {
    name: 'setgid directories give their group over whiteouts, too',
    layers: [
      [
        dir('g', { mode: 0o2777, gid: 77 }),
        whiteout('g/f'),
        whiteout('g/d'),
        whiteout('g/l'),
        whiteout('g/p'),
      ],
      [file('g/f'), file('g/d/x'), file('g/l'), file('g/p'), file('g/gone')],
    ],
    run: async (fs) => {
      await fs.write('g/f', 'x');
      await fs.mkdir('g/d');
      await fs.symlink('x', 'g/l');
      await fs.mknod('g/p', kind.FIFO | 0o644);
      await fs.unlink('g/gone');
      const other = await fs.other(user);
      await other.mkdir('g/gone');
      await fs.lstat('g/gone', { like: { uid: 1234, gid: 77, mode: kind.DIR | 0o2755 } });
      await fs.lstat('g/d', { like: { uid: 0, gid: 77, mode: kind.DIR | 0o2755 } });
      for (const name of ['f', 'l', 'p']) await fs.lstat(`g/${name}`, { like: { gid: 77 } });
    },
  },
  {
    name: 'a chmod by one who is not in the group loses setgid',
    layers: [[file('f', '', { uid: 1234, gid: 77, mode: 0o755 })]],
    run: async (fs) => {
      const other = await fs.other(user);
      await other.chmod('f', 0o2755);
      await fs.lstat('f', { like: { mode: kind.FILE | 0o755 } });
      const member = await fs.other({ ...user, groups: [77] });
      await member.chmod('f', 0o2755);
      await fs.lstat('f', { like: { mode: kind.FILE | 0o2755 } });
    },
  },
  {
    name: 'chown drops setuid and setgid',
    layers: [
      [
        file('f', '', { mode: 0o6755 }),
        dir('d', { mode: 0o6755 }),
        node('p', kind.FIFO | 0o6755),
        node('c', kind.CHAR | 0o6755, 5),
      ],
    ],
    run: async (fs) => {
      await fs.chown('f', 5, 5);
      await fs.lstat('f', { like: { mode: kind.FILE | 0o755 } });
      await fs.chown('p', -1, -1);
      await fs.lstat('p', { like: { mode: kind.FIFO | 0o755 } });
      await fs.chown('c', 5, 5);
      await fs.lstat('c', { like: { mode: kind.CHAR | 0o755 } });
      await fs.chown('d', 5, 5);
      await fs.lstat('d', { like: { mode: kind.DIR | 0o6755 } });
    },
  },
  ...['passthrough=auto', 'passthrough=off'].flatMap((ours): Case[] => [
    {
      name: `a chown that changes nothing drops them, too (${ours})`,
      layers: [
        [file('f', 'x', { mode: 0o6755 }), file('g', 'x', { mode: 0o2644 }), dir('d', { mode: 0o6755 })],
      ],
      ours,
      run: async (fs) => {
        await fs.chown('f', -1, -1);
        await fs.lstat('f', { like: { mode: kind.FILE | 0o755, mtime: '1000000000000000000' } });
        await fs.chown('g', -1, -1);
        await fs.lstat('g', { like: { mode: kind.FILE | 0o2644 } });
        await fs.chown('d', -1, -1);
        await fs.lstat('d', { like: { mode: kind.DIR | 0o6755 } });
        await fs.write('new', 'x');
        await fs.chmod('new', 0o6755);
        const fd = await fs.open('new', o.RDWR);
        await fs.fchown(fd, -1, -1);
        await fs.lstat('new', { like: { mode: kind.FILE | 0o755 } });
      },
    },
    {
      name: `a chown, and a setgid bit without group execution (${ours})`,
      layers: [
        [
          ...['root', 'in', 'out', 'away'].map((name) => file(name, 'x', { ...owned, mode: 0o2644 })),
          file('exec', 'x', { ...owned, mode: 0o2654 }),
        ],
      ],
      ours,
      run: async (fs) => {
        await fs.chown('root', 5, 5);
        await fs.lstat('root', { like: { mode: kind.FILE | 0o2644, uid: 5 } });
        await fs.chown('exec', 5, 5);
        await fs.lstat('exec', { like: { mode: kind.FILE | 0o654 } });
        const member = await fs.other({ ...user, groups: [77] });
        await member.chown('in', -1, 1234);
        await fs.lstat('in', { like: { mode: kind.FILE | 0o2644, gid: 1234 } });
        const other = await fs.other(user);
        await other.chown('out', -1, -1);
        await fs.lstat('out', { like: { mode: kind.FILE | 0o644 } });
        // It is the group before that counts.
        await other.chown('away', -1, 1234);
        await fs.lstat('away', { like: { mode: kind.FILE | 0o644, gid: 1234 } });
        await fs.chmod('away', 0o2644);
        await other.chown('away', -1, -1);
        await fs.lstat('away', { like: { mode: kind.FILE | 0o2644 } });
      },
    },
  ]),
  {
    name: 'umask of the creator',
    layers: [[dir('d')]],
    run: async (fs) => {
      await fs.umask(0o077);
      await fs.write('d/f', '', { mode: 0o666 });
      await fs.mkdir('d/e', 0o777);
      await fs.mknod('d/p', kind.FIFO | 0o666);
      await fs.umask(0);
      await fs.write('d/open', '', { mode: 0o666 });
      await fs.lstat('d/f', { like: { mode: kind.FILE | 0o600 } });
      await fs.lstat('d/e', { like: { mode: kind.DIR | 0o700 } });
      await fs.lstat('d/p', { like: { mode: kind.FIFO | 0o600 } });
      await fs.lstat('d/open', { like: { mode: kind.FILE | 0o666 } });
    },
  },
];

await conform('modes and owners', cases);
