/** POSIX ACLs: rights that they give and take, defaults that new files get, and what a copy-up keeps. */
import { conform, type Case } from '../fixtures/conform.ts';
import { kind, o } from '../fixtures/flags.ts';
import { dir, file, whiteout } from '../fixtures/layers.ts';

const access = 'system.posix_acl_access';
const byDefault = 'system.posix_acl_default';
const tag = { userObj: 1, user: 2, groupObj: 4, group: 8, mask: 16, other: 32 } as const;

/** The value of an ACL attribute: version 2, then (tag, rights, id) of 8 bytes each. */
function acl(...entries: [tag: keyof typeof tag, rights: number, id?: number][]): string {
  const block = Buffer.alloc(4 + 8 * entries.length);
  block.writeUInt32LE(2, 0);
  entries.forEach(([name, rights, id], index) => {
    block.writeUInt16LE(tag[name], 4 + 8 * index);
    block.writeUInt16LE(rights, 6 + 8 * index);
    block.writeUInt32LE(id ?? 0xffffffff, 8 + 8 * index);
  });
  return block.toString('latin1');
}

const forUser = acl(['userObj', 6], ['user', 6, 1234], ['groupObj', 4], ['mask', 6], ['other', 0]);
const defaults = acl(['userObj', 7], ['user', 7, 1234], ['groupObj', 5], ['mask', 7], ['other', 0]);
const user = { uid: 1234, gid: 1234 };

const cases: Case[] = [
  {
    name: 'of a lower file gives and takes rights',
    layers: [
      [file('f', 'x', { mode: 0o660, xattrs: { [access]: forUser } }), file('g', 'x', { mode: 0o644 })],
    ],
    run: async (fs) => {
      const who = await fs.other(user);
      await who.read('f', { is: 'x' });
      await who.write('f', 'y', { flags: o.WRONLY });
      const third = await fs.other({ uid: 999, gid: 999 });
      await third.open('f', o.RDONLY, 0, { fails: 'EACCES' });
      await who.open('g', o.WRONLY, 0, { fails: 'EACCES' });
      await fs.setxattr('g', access, forUser);
      await fs.lstat('g', { like: { mode: kind.FILE | 0o660 } });
      await who.write('g', 'z', { flags: o.WRONLY });
      await third.open('g', o.RDONLY, 0, { fails: 'EACCES' });
      await fs.removexattr('g', access);
      await who.open('g', o.WRONLY, 0, { fails: 'EACCES' });
    },
  },
  {
    name: 'chmod changes the mask, a copy-up keeps all of it',
    layers: [[file('f', 'x', { mode: 0o660, xattrs: { [access]: forUser } })]],
    run: async (fs) => {
      await fs.chmod('f', 0o640);
      await fs.getxattr('f', access, {
        is: acl(['userObj', 6], ['user', 6, 1234], ['groupObj', 4], ['mask', 4], ['other', 0]),
      });
      const who = await fs.other(user);
      await who.read('f', { is: 'x' });
      await who.open('f', o.WRONLY, 0, { fails: 'EACCES' });
    },
  },
  {
    name: 'defaults: what is made in a lower directory gets them, whatever the umask',
    layers: [[dir('d', { mode: 0o770, xattrs: { [byDefault]: defaults } })]],
    run: async (fs) => {
      await fs.umask(0o077);
      await fs.write('d/f', 'x', { mode: 0o666 });
      await fs.lstat('d/f', { like: { mode: kind.FILE | 0o660 } });
      await fs.getxattr('d/f', access, {
        is: acl(['userObj', 6], ['user', 7, 1234], ['groupObj', 5], ['mask', 6], ['other', 0]),
      });
      await fs.mkdir('d/sub', 0o777);
      await fs.lstat('d/sub', { like: { mode: kind.DIR | 0o770 } });
      await fs.getxattr('d/sub', byDefault, { is: defaults });
      await fs.write('d/sub/g', 'x', { mode: 0o600 });
      await fs.lstat('d/sub/g', { like: { mode: kind.FILE | 0o600 } });
      await fs.mknod('d/p', kind.FIFO | 0o666);
      await fs.lstat('d/p', { like: { mode: kind.FIFO | 0o660 } });
      await fs.symlink('x', 'd/l');
      await fs.listxattr('d/l', { is: [] });
    },
  },
  {
    name: 'defaults: over whiteouts, too',
    layers: [
      [
        dir('d', { mode: 0o770, xattrs: { [byDefault]: defaults } }),
        whiteout('d/f'),
        whiteout('d/sub'),
        whiteout('d/p'),
      ],
      [file('d/f'), file('d/sub/x'), file('d/p')],
    ],
    run: async (fs) => {
      await fs.umask(0o077);
      await fs.write('d/f', 'x', { mode: 0o666 });
      await fs.lstat('d/f', { like: { mode: kind.FILE | 0o660 } });
      await fs.mkdir('d/sub', 0o777);
      await fs.getxattr('d/sub', byDefault, { is: defaults });
      await fs.lstat('d/sub', { like: { mode: kind.DIR | 0o770 } });
      await fs.mknod('d/p', kind.FIFO | 0o666);
      await fs.lstat('d/p', { like: { mode: kind.FIFO | 0o660 } });
    },
  },
  {
    name: 'defaults that come and go while mounted',
    layers: [[dir('d')]],
    run: async (fs) => {
      await fs.write('d/before', '', { mode: 0o666 });
      await fs.setxattr('d', byDefault, defaults);
      await fs.write('d/with', '', { mode: 0o666 });
      await fs.removexattr('d', byDefault);
      await fs.write('d/after', '', { mode: 0o666 });
      await fs.listxattr('d/with', { is: [access] });
      await fs.listxattr('d/after', { is: [] });
      await fs.lstat('d/after', { like: { mode: kind.FILE | 0o644 } });
    },
  },
  {
    name: 'rename and link keep it; a file with defaults is refused',
    layers: [[file('d/f', 'x', { mode: 0o660, xattrs: { [access]: forUser } })]],
    run: async (fs) => {
      await fs.rename('d/f', 'g');
      await fs.getxattr('g', access, { is: forUser });
      await fs.link('g', 'h');
      await fs.setxattr('g', byDefault, defaults, { fails: 'EACCES' });
      await fs.setxattr('g', access, 'nonsense', { fails: ['EINVAL', 'EOPNOTSUPP'] });
    },
  },
  {
    name: 'who may set one',
    layers: [[file('mine', '', { uid: 1234 }), file('root')]],
    run: async (fs) => {
      const who = await fs.other(user);
      await who.setxattr('mine', access, forUser);
      await who.setxattr('root', access, forUser, { fails: 'EPERM' });
      await who.removexattr('mine', access);
    },
  },
  {
    name: 'an ACL that says no more than the mode is none',
    layers: [[file('f')]],
    run: async (fs) => {
      await fs.setxattr('f', access, acl(['userObj', 6], ['groupObj', 4], ['other', 4]));
      await fs.lstat('f', { like: { mode: kind.FILE | 0o644 } });
      await fs.listxattr('f', { is: [] });
    },
  },
];

await conform('acl', cases);
