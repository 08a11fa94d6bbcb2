/** Layers made by others: AUFS marks, and what the kernel's overlayfs leaves (redirects, metacopy files). */
import { conform, type Case } from '../fixtures/conform.ts';
import { o, renameFlag } from '../fixtures/flags.ts';
import {
  aufsOpaque,
  aufsWhiteout,
  dir,
  file,
  hidden,
  link,
  made,
  opaque,
  whiteout,
} from '../fixtures/layers.ts';

const cases: Case[] = [
  {
    name: 'AUFS whiteouts and opaque directories in lower layers',
    oursOnly: true,
    layers: [
      [aufsWhiteout('a'), aufsWhiteout('d/x'), dir('o'), aufsOpaque('o'), file('o/new', 'n')],
      [file('a'), file('b'), file('d/x'), file('d/y'), file('o/old'), file('o/sub/deep')],
    ],
    run: async (fs) => {
      await fs.names('.', { is: ['b', 'd', 'o'] });
      await fs.names('d', { is: ['y'] });
      await fs.names('o', { is: ['new'] });
      await fs.lstat('a', { fails: 'ENOENT' });
      await fs.lstat('.wh.a', { fails: 'ENOENT' });
      await fs.lstat('o/.wh..wh..opq', { fails: 'ENOENT' });
      await fs.write('a', 'again');
      await fs.write('d/x', 'again');
      await fs.unlink('o/new');
      await fs.rmdir('o');
      await fs.mkdir('o');
      await fs.names('o', { is: [] });
      await fs.lstat('o/sub', { fails: 'ENOENT' });
    },
  },
  {
    name: 'names .wh.* cannot be made while AUFS marks are honoured',
    oursOnly: true,
    not: { plain: 'they are names like others' },
    layers: [[aufsWhiteout('a')], [file('a'), file('f')]],
    run: async (fs) => {
      await fs.write('.wh.f', '', { fails: 'EINVAL' });
      await fs.mkdir('.wh.d', 0o755, { fails: 'EINVAL' });
      await fs.rename('f', '.wh.g', { fails: 'EINVAL' });
      await fs.symlink('x', '.wh.s', { fails: 'EINVAL' });
      await fs.link('f', '.wh.l', { fails: 'EINVAL' });
    },
  },
  {
    name: 'a renamed directory in a lower layer',
    layers: [
      made(async (call, at) => {
        await call('rename', at('d'), at('moved'), 0);
        await call('rename', at('x/y'), at('y'), 0);
        await call('mkdir', at('d'), 0o755);
        await call('mkdir', at('d/own'), 0o755);
      }),
      [file('d/a', '1'), file('x/y/z', '2')],
      [file('d/b', '3'), file('x/y/w', '4')],
    ],
    run: async (fs) => {
      await fs.names('moved', { is: ['a', 'b'] });
      await fs.read('moved/b', { is: '3' });
      await fs.names('d', { is: ['own'] });
      await fs.names('y', { is: ['w', 'z'] });
      await fs.names('x', { is: [] });
      await fs.write('moved/b', 'changed');
      await fs.unlink('y/w');
      await fs.rename('moved', 'twice');
      await fs.names('twice', { is: ['a', 'b'] });
      await fs.write('twice/c', 'new');
    },
  },
  {
    name: 'redirects over redirects: three layers that renamed the same directory',
    layers: [
      made(async (call, at) => {
        await call('rename', at('two'), at('three'), 0);
        await call('rename', at('three/sub'), at('three/SUB'), 0);
      }),
      made(async (call, at) => {
        await call('rename', at('one'), at('two'), 0);
      }),
      [file('one/a', '1'), file('one/sub/s', '2')],
      [file('one/b', '3'), file('one/sub/t', '4')],
    ],
    run: async (fs) => {
      await fs.names('.', { is: ['three'] });
      await fs.names('three', { is: ['SUB', 'a', 'b'] });
      await fs.names('three/SUB', { is: ['s', 't'] });
      await fs.rename('three/SUB', 'four');
      await fs.unlink('four/t');
      await fs.names('four', { is: ['s'] });
      await fs.mkdir('three/sub');
      await fs.names('three/sub', { is: [] });
    },
  },
  {
    name: 'metacopy files in a lower layer, moved and not',
    layers: [
      made(async (call, at) => {
        await call('chmod', at('f'), 0o600);
        await call('chown', at('g'), 5, 6);
        await call('rename', at('g'), at('d/h'), 0);
        await call('setxattr', at('d/i'), 'user.x', '1', 0);
      }),
      [file('f', 'data of f'), file('g', 'data of g'), file('d/i', 'data of i')],
    ],
    run: async (fs) => {
      await fs.read('f', { is: 'data of f' });
      await fs.lstat('f', { like: { mode: 0o100600, size: 9 } });
      await fs.read('d/h', { is: 'data of g' });
      await fs.lstat('d/h', { like: { uid: 5 } });
      await fs.lstat('g', { fails: 'ENOENT' });
      await fs.chmod('f', 0o640);
      await fs.read('f', { is: 'data of f' });
      await fs.write('d/h', 'D', { flags: o.WRONLY });
      await fs.read('d/h', { is: 'Data of g' });
      await fs.rename('d', 'e');
      await fs.read('e/i', { is: 'data of i' });
      await fs.rename('e/i', 'j');
      await fs.write('j', 'x', { flags: o.WRONLY | o.APPEND });
    },
  },
  {
    name: 'a metacopy of a metacopy',
    layers: [
      made(async (call, at) => {
        await call('chown', at('b'), 7, 7);
        await call('rename', at('b'), at('c'), 0);
      }),
      made(async (call, at) => {
        await call('chmod', at('a'), 0o604);
        await call('rename', at('a'), at('b'), 0);
      }),
      [file('a', 'the data')],
    ],
    run: async (fs) => {
      await fs.read('c', { is: 'the data' });
      await fs.lstat('c', { like: { mode: 0o100604, uid: 7, size: 8 } });
      await fs.chmod('c', 0o600);
      await fs.rename('c', 'd');
      await fs.read('d', { is: 'the data' });
      await fs.write('d', 'T', { flags: o.WRONLY });
      await fs.read('d', { is: 'The data' });
    },
  },
  {
    name: 'whiteouts and opaque directories made by the kernel',
    layers: [
      made(async (call, at) => {
        await call('unlink', at('a'));
        await call('unlink', at('d/x'));
        await call('rmdir', at('d'));
        await call('mkdir', at('d'), 0o750);
        await call('rename', at('e'), at('d/e'), 0);
        await call('rename', at('p'), at('q'), renameFlag.EXCHANGE);
      }),
      [file('a'), file('d/x'), file('e/f', '1'), file('p', 'p'), file('q/in', 'q')],
    ],
    run: async (fs) => {
      await fs.names('.', { is: ['d', 'p', 'q'] });
      await fs.names('d', { is: ['e'] });
      await fs.names('p', { is: ['in'] });
      await fs.read('q', { is: 'p' });
      await fs.read('d/e/f', { is: '1' });
      await fs.mkdir('new');
    },
  },
  {
    name: 'hard links that a lower layer broke or kept',
    layers: [
      made(async (call, at) => {
        await call('chmod', at('a'), 0o600);
      }),
      [file('a', 'x'), link('b', 'a')],
      [file('c', 'y'), link('d', 'c')],
    ],
    run: async (fs) => {
      await fs.write('c', 'Y', { flags: o.WRONLY });
      await fs.read('d', { is: 'Y' });
      await fs.write('a', 'X', { flags: o.WRONLY });
    },
    otherTree: { overlay: 'index=off made a and b two files', strata: 'index=off made a and b two files' },
  },
  {
    name: 'a forged opaque value, a whiteout with data beside, an xattr whiteout',
    layers: [
      [
        dir('d', { xattrs: { 'trusted.overlay.opaque': 'x' } }),
        hidden(file('d/w', '', { xattrs: { 'trusted.overlay.whiteout': 'y' } })),
        dir('n', { xattrs: { 'trusted.overlay.opaque': 'n' } }),
      ],
      [file('d/kept', 'k'), file('n/kept', 'k')],
    ],
    not: { plain: 'the names are of the format' },
    run: async (fs) => {
      await fs.names('d', { is: ['kept'] });
      await fs.names('n', { is: ['kept'] });
      await fs.lstat('d/w', { fails: 'ENOENT' });
      await fs.write('d/w', 'new');
      await fs.read('d/w', { is: 'new' });
      await fs.unlink('d/w');
      await fs.names('d', { is: ['kept'] });
    },
  },
  {
    name: 'opaque directories under merged ones, whiteouts under opaque ones',
    layers: [
      [opaque('a/b'), file('a/b/1'), whiteout('a/c/2')],
      [whiteout('a/b/3'), file('a/c/2'), file('a/b/4')],
      [file('a/b/3'), file('a/c/5')],
    ],
    run: async (fs) => {
      await fs.names('a/b', { is: ['1'] });
      await fs.names('a/c', { is: ['5'] });
      await fs.write('a/b/3', 'x');
      await fs.unlink('a/b/3');
      await fs.unlink('a/c/5');
      await fs.rmdir('a/c');
      await fs.names('a', { is: ['b'] });
    },
  },
];

await conform('formats', cases);
