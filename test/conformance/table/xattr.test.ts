/** Extended attributes: all name spaces, all types of file, and the union's own that nobody may see. */
import { conform, type Case } from '../fixtures/conform.ts';
import { kind, o, xattrFlag } from '../fixtures/flags.ts';
import { dir, fifo, file, symlink } from '../fixtures/layers.ts';

const cases: Case[] = [
  {
    name: 'set, get, list, remove on a lower file',
    layers: [[file('f', 'x', { xattrs: { 'user.low': '1', 'trusted.low': '2' } })]],
    run: async (fs) => {
      await fs.listxattr('f', { is: ['trusted.low', 'user.low'] });
      await fs.setxattr('f', 'user.new', 'value');
      await fs.getxattr('f', 'user.new', { is: 'value' });
      await fs.setxattr('f', 'user.low', 'over');
      await fs.removexattr('f', 'trusted.low');
      await fs.listxattr('f', { is: ['user.low', 'user.new'] });
      await fs.getxattr('f', 'trusted.low', { fails: 'ENODATA' });
      await fs.removexattr('f', 'trusted.low', { fails: 'ENODATA' });
      await fs.read('f', { is: 'x' });
    },
  },
  {
    name: 'CREATE and REPLACE',
    layers: [[file('f', '', { xattrs: { 'user.a': '1' } })]],
    run: async (fs) => {
      await fs.setxattr('f', 'user.a', '2', { flags: xattrFlag.CREATE, fails: 'EEXIST' });
      await fs.setxattr('f', 'user.b', '2', { flags: xattrFlag.REPLACE, fails: 'ENODATA' });
      await fs.getxattr('f', 'user.a', { is: '1' });
      await fs.setxattr('f', 'user.a', '3', { flags: xattrFlag.REPLACE });
      await fs.setxattr('f', 'user.c', '4', { flags: xattrFlag.CREATE });
      await fs.setxattr('f', 'user.c', '4', { flags: 3, fails: ['EEXIST', 'EINVAL'] });
    },
  },
  {
    name: 'values: empty, binary, 60,000 bytes is too much for ext4, names of 255 bytes',
    layers: [[file('f'), dir('d')]],
    run: async (fs) => {
      await fs.setxattr('f', 'user.empty', '');
      await fs.getxattr('f', 'user.empty', { is: '' });
      const bytes = Array.from({ length: 256 }, (_, n) => String.fromCharCode(n)).join('');
      await fs.setxattr('d', 'user.bytes', bytes);
      await fs.getxattr('d', 'user.bytes', { is: bytes });
      const longest = `user.${'n'.repeat(250)}`;
      await fs.setxattr('d', longest, 'x');
      await fs.getxattr('d', longest, { is: 'x' });
      await fs.setxattr('d', `${longest}n`, 'x', { fails: 'ERANGE' });
      await fs.setxattr('d', 'user.\xff\xfe', 'x');
      await fs.getxattr('d', 'user.\xff\xfe', { is: 'x' });
      await fs.setxattr('f', 'user.big', 'b'.repeat(70_000), { fails: 'E2BIG' });
    },
  },
  {
    name: 'bad names',
    layers: [[file('f')]],
    run: async (fs) => {
      await fs.setxattr('f', 'nospace', 'x', { fails: 'EOPNOTSUPP' });
      await fs.setxattr('f', 'other.x', 'x', { fails: 'EOPNOTSUPP' });
      await fs.getxattr('f', 'other.x', { fails: 'EOPNOTSUPP' });
      await fs.setxattr('no', 'user.x', 'x', { fails: 'ENOENT' });
      await fs.setxattr('f', 'user.', 'x', { fails: 'EINVAL' });
    },
  },
  {
    name: 'on symlinks, fifos: user. is refused, trusted. is not',
    layers: [
      [
        symlink('l', 'f', { xattrs: { 'trusted.low': 'L' } }),
        fifo('p', { xattrs: { 'trusted.low': 'P' } }),
        file('f'),
      ],
    ],
    run: async (fs) => {
      for (const name of ['l', 'p']) {
        await fs.setxattr(name, 'user.x', '1', { fails: 'EPERM' });
        await fs.setxattr(name, 'trusted.x', '2');
        await fs.listxattr(name, { is: ['trusted.low', 'trusted.x'] });
        await fs.removexattr(name, 'trusted.low');
      }
      await fs.listxattr('f', { is: [] });
    },
  },
  {
    name: 'on directories: lower, merged, the root',
    layers: [
      [dir('d', { xattrs: { 'user.top': '1' } })],
      [dir('d', { xattrs: { 'user.low': '2' } }), dir('low')],
    ],
    run: async (fs) => {
      await fs.setxattr('d', 'user.x', 'x');
      await fs.listxattr('d', { is: ['user.top', 'user.x'] });
      await fs.setxattr('low', 'user.x', 'x');
      await fs.setxattr('.', 'user.root', 'r');
      await fs.getxattr('.', 'user.root', { is: 'r' });
      await fs.listxattr('.', { is: ['user.root'] });
    },
  },
  {
    name: 'through a descriptor',
    layers: [[file('f', 'x')]],
    run: async (fs) => {
      const fd = await fs.open('f', o.RDONLY);
      await fs.call(undefined, 'fsetxattr', fd, 'user.a', '1', 0);
      await fs.call({ is: '1' }, 'fgetxattr', fd, 'user.a');
      await fs.getxattr('f', 'user.a', { is: '1' });
      await fs.unlink('f');
      await fs.call({ is: '1' }, 'fgetxattr', fd, 'user.a');
    },
    not: { overlay: 'a descriptor of an unlinked lower file answers from there' },
  },
  {
    name: 'an access control list that is not there can be removed',
    layers: [[file('f', 'x'), dir('d')]],
    run: async (fs) => {
      await fs.removexattr('f', 'system.posix_acl_access');
      await fs.removexattr('d', 'system.posix_acl_access');
      await fs.removexattr('d', 'system.posix_acl_default');
      await fs.removexattr('f', 'user.none', { fails: 'ENODATA' });
    },
    not: { overlay: 'it answers ENODATA' },
  },
  {
    name: 'the rights to user., trusted. and security.',
    layers: [
      [
        file('mine', '', { uid: 1234 }),
        file('root', '', { mode: 0o644, xattrs: { 'user.x': '1', 'trusted.t': '2' } }),
        dir('sticky', { mode: 0o1777 }),
      ],
    ],
    run: async (fs) => {
      const user = await fs.other({ uid: 1234, gid: 1234 });
      await user.setxattr('mine', 'user.x', '1');
      await user.setxattr('root', 'user.x', '1', { fails: 'EACCES' });
      await user.getxattr('root', 'user.x', { is: '1' });
      await user.getxattr('root', 'trusted.t', { fails: 'ENODATA' });
      await user.setxattr('mine', 'trusted.x', '1', { fails: 'EPERM' });
      await user.listxattr('root', { is: ['user.x'] });
      await user.setxattr('sticky', 'user.x', '1', { fails: ['EPERM', 'EACCES'] });
    },
  },
  {
    name: 'file capabilities are kept by a copy-up of attributes, lost by chown',
    layers: [
      [
        file('a', 'x', {
          xattrs: { 'security.capability': '\x01\0\0\x02\0\x20\0\0\0\0\0\0\0\0\0\0\0\0\0\0' },
        }),
        file('b', 'x', {
          xattrs: { 'security.capability': '\x01\0\0\x02\0\x20\0\0\0\0\0\0\0\0\0\0\0\0\0\0' },
        }),
      ],
    ],
    run: async (fs) => {
      await fs.utimes('a', 1, 1);
      await fs.getxattr('a', 'security.capability');
      await fs.chown('b', 5, 5);
      await fs.getxattr('b', 'security.capability', { fails: 'ENODATA' });
    },
  },
  {
    name: 'the names of the format do not show, and clients may have their own (nested mounts)',
    layers: [[file('f', 'x'), dir('d'), file('d/low')], [file('d/lower')]],
    not: { plain: 'the names have no meaning there' },
    run: async (fs) => {
      await fs.mkdir('new');
      await fs.chmod('f', 0o600);
      await fs.rename('d', 'e');
      for (const name of ['f', 'e', 'new', '.']) await fs.listxattr(name, { is: [] });
      await fs.setxattr('new', 'trusted.overlay.opaque', 'y');
      await fs.getxattr('new', 'trusted.overlay.opaque', { is: 'y' });
      await fs.listxattr('new', { is: ['trusted.overlay.opaque'] });
      await fs.write('new/file', 'shows');
      await fs.setxattr('f', 'trusted.overlay.metacopy', '');
      await fs.listxattr('f', { is: ['trusted.overlay.metacopy'] });
      await fs.setxattr('f', 'trusted.overlay.overlay.opaque', 'twice');
      await fs.getxattr('f', 'trusted.overlay.overlay.opaque', { is: 'twice' });
      await fs.removexattr('new', 'trusted.overlay.opaque');
      await fs.listxattr('new', { is: [] });
      await fs.getxattr('e', 'trusted.overlay.redirect', { fails: 'ENODATA' });
      await fs.setxattr('f', 'user.overlay.opaque', 'mine');
      await fs.getxattr('f', 'user.overlay.opaque', { is: 'mine' });
    },
  },
  {
    name: 'many of them',
    layers: [
      [
        file('f', '', {
          xattrs: Object.fromEntries(
            Array.from({ length: 100 }, (_, n) => [`user.key${String(n)}`, String(n)]),
          ),
        }),
      ],
    ],
    run: async (fs) => {
      await fs.chmod('f', 0o600);
      const names = await fs.listxattr('f');
      if (names.length !== 100) throw new Error(`${String(names.length)} names`);
      await fs.getxattr('f', 'user.key99', { is: '99' });
    },
  },
  {
    name: 'where content comes from: user.strata.*',
    layers: [
      [file('f', 'x'), dir('d')],
      [file('g', 'y'), file('d/h')],
    ],
    oursOnly: true,
    not: { plain: 'ours only' },
    run: async (fs) => {
      await fs.getxattr('f', 'user.strata.state', { is: 'lower' });
      await fs.getxattr('d', 'user.strata.state', { is: 'merged' });
      await fs.chmod('f', 0o600);
      await fs.getxattr('f', 'user.strata.state', { is: 'metacopy' });
      await fs.write('g', 'changed', { flags: o.WRONLY });
      await fs.getxattr('g', 'user.strata.state', { is: 'copied-up' });
      await fs.write('new', '1');
      await fs.getxattr('new', 'user.strata.state', { is: 'upper' });
      await fs.getxattr('g', 'trusted.strata.state', { is: 'copied-up' });
      await fs.mknod('p', kind.FIFO | 0o600);
      await fs.getxattr('p', 'trusted.strata.state', { is: 'upper' });
      await fs.listxattr('f', { is: [] });
      for (const name of ['layer', 'path']) {
        const value = await fs.getxattr('d/h', `user.strata.${name}`);
        if (value === '') throw new Error(`user.strata.${name} is empty`);
      }
      await fs.setxattr('f', 'user.strata.state', 'x', {
        fails: ['EPERM', 'EOPNOTSUPP', 'EACCES', 'EINVAL'],
      });
    },
  },
];

await conform('xattr', cases);
