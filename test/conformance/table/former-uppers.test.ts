/**
 * Lower layers that were uppers: renamed directories, metacopy files and opaque directories in them, and what
 * is renamed over them.
 */
import { conform, type Case } from '../fixtures/conform.ts';
import { o, renameFlag } from '../fixtures/flags.ts';
import { aufsWhiteout, dir, file, hidden, link, made, opaque, type Layer } from '../fixtures/layers.ts';

const redirect = (path: string): Record<string, string> => ({
  'trusted.overlay.redirect': path,
});

const renamed = (from: string, to: string): Layer =>
  made(async (call, at) => {
    await call('rename', at(from), at(to), 0);
  });

/** Below a directory that the layer above has renamed. */
const below = [
  file('old/sub/f', 'f'),
  file('old/sub/deep/g', 'g'),
  file('old/one', 'one'),
  file('old/two', 'two'),
  file('old/h1', 'linked'),
  link('old/h2', 'old/h1'),
];

const cases: Case[] = [
  {
    name: 'out of a directory that a lower layer renamed',
    layers: [renamed('old', 'new'), below],
    run: async (fs) => {
      await fs.rename('new/sub', 'm');
      await fs.names('m', { is: ['deep', 'f'] });
      await fs.rename('new/one', 'g');
      await fs.link('new/two', 'y');
      await fs.chmod('new/h1', 0o600);
      await fs.rename('new/h2', 'h3');
      await fs.link('new/h1', 'h4');
    },
  },
  {
    name: 'something else at the old name',
    layers: [
      made(async (call, at) => {
        await call('rename', at('old'), at('new'), 0);
        await call('mkdir', at('old'), 0o755);
        await call('mkdir', at('old/sub'), 0o755);
        await call('symlink', 'nowhere', at('old/sub/alien'));
        await call('symlink', 'nowhere', at('old/one'));
      }),
      below,
    ],
    run: async (fs) => {
      await fs.rename('new/sub', 'm');
      await fs.rename('new/one', 'g');
      await fs.rename('new/sub', 'n', { fails: 'ENOENT' });
      await fs.rename('m/deep', 'old/deep');
      await fs.rename('old/sub', 'new/sub', { flags: renameFlag.NOREPLACE });
    },
  },
  {
    name: 'renamed here, too, and below directories made here',
    layers: [renamed('old', 'new'), below],
    run: async (fs) => {
      await fs.mkdir('p');
      await fs.rename('new/sub', 'p/sub');
      await fs.rename('p/sub/deep', 'q');
      await fs.rename('p', 'r');
      await fs.rename('r/sub/f', 'f');
      await fs.rename('new/one', 'new/1');
      await fs.rename('new', 'newer');
      await fs.rename('newer/two', 'r/two');
      await fs.rename('newer/1', 'r/1');
      await fs.rename('q/g', 'newer/g');
      await fs.read('newer/g', { is: 'g' });
    },
  },
  {
    name: 'redirects that are names on the way',
    layers: [renamed('old', 'new'), below],
    run: async (fs) => {
      await fs.rename('new', 'newer');
      await fs.rename('newer/sub', 'newer/part');
      await fs.rename('newer/part/deep', 'newer/part/deeper');
      await fs.rename('newer/part/deeper', 'd');
      await fs.rename('newer/part/f', 'g');
      await fs.rename('newer/part', 'm');
      await fs.mkdir('newer/sub');
      await fs.names('newer/sub', { is: [] });
      await fs.rename('m', 'newer', { flags: renameFlag.EXCHANGE });
      await fs.rename('newer', 'm/sub');
      await fs.rename('m/one', 'm/sub/one');
    },
  },
  {
    name: 'a directory that both have renamed, and its parent',
    layers: [
      made(async (call, at) => {
        await call('rename', at('a/b/c'), at('a/b/C'), 0);
        await call('rename', at('a/b'), at('B'), 0);
      }),
      renamed('z', 'a'),
      [file('z/b/c/d/f', '1'), file('z/b/e/f', '2')],
    ],
    run: async (fs) => {
      await fs.rename('B', 'a/B');
      await fs.rename('a/B/C/d', 'd');
      await fs.read('d/f', { is: '1' });
      await fs.rename('a/B/e', 'a/e');
      await fs.rename('a/B/C', 'C');
    },
  },
  {
    name: 'moved by a lower layer into a directory that it had emptied',
    layers: [
      made(async (call, at) => {
        await call('unlink', at('a/gone'));
        await call('rmdir', at('a'));
        await call('mkdir', at('a'), 0o755);
        await call('rename', at('orig/b'), at('a/b'), 0);
        await call('chmod', at('orig/f'), 0o600);
        await call('rename', at('orig/f'), at('a/f'), 0);
      }),
      [file('a/gone'), file('orig/b/x', 'x'), file('orig/b/c/y', 'y'), file('orig/f', 'f')],
    ],
    run: async (fs) => {
      await fs.rename('a/b/c', 'e');
      await fs.rename('a/b', 'c');
      await fs.names('c', { is: ['x'] });
      await fs.rename('a/f', 'g');
      await fs.read('g', { is: 'f' });
    },
  },
  {
    name: 'whiteouts that are attributes, in a directory that a path leads to',
    layers: [
      [dir('m', { xattrs: redirect('/a/b') })],
      [
        opaque('a'),
        dir('a/b', {
          xattrs: { 'trusted.overlay.opaque': 'x', ...redirect('/orig') },
        }),
        hidden(file('a/b/w', '', { xattrs: { 'trusted.overlay.whiteout': 'y' } })),
      ],
      [file('orig/w', 'w'), file('orig/kept', 'k'), file('a/b/under')],
    ],
    not: { plain: 'the names are of the format' },
    run: async (fs) => {
      await fs.names('m', { is: ['kept'] });
      await fs.lstat('m/w', { fails: 'ENOENT' });
      await fs.rename('m', 'n');
    },
  },
  {
    name: 'an AUFS whiteout beside a directory that a path leads to',
    layers: [
      [dir('m', { xattrs: redirect('/old/d') })],
      [file('old/d/a'), aufsWhiteout('old/d')],
      [file('old/d/b')],
    ],
    oursOnly: true,
    not: { plain: 'the names are of the format' },
    run: async (fs) => {
      await fs.names('old/d', { is: ['a'] });
      await fs.names('m', { is: ['a'] });
    },
  },
  {
    name: 'a metacopy file of a lower layer, renamed',
    layers: [
      made(async (call, at) => {
        await call('chmod', at('f'), 0o600);
        await call('chmod', at('a'), 0o600);
        await call('rename', at('a'), at('b'), 0);
        await call('rename', at('old'), at('new'), 0);
        await call('chmod', at('new/f'), 0o640);
        await call('rename', at('new/i'), at('new/j'), 0);
      }),
      made(async (call, at) => {
        await call('chown', at('f'), 3, 4);
        await call('chown', at('old/i'), 3, 4);
      }),
      [file('f', 'data of f'), file('a', 'data of a'), file('old/f', 'inner f'), file('old/i', 'inner i')],
    ],
    run: async (fs) => {
      await fs.mkdir('d');
      await fs.rename('f', 'g');
      await fs.rename('b', 'd/c');
      await fs.rename('new/f', 'd/f');
      await fs.rename('new/j', 'j');
      await fs.read('j', { is: 'inner i' });
    },
  },
  {
    name: 'a metacopy file with two names, renamed',
    layers: [
      made(async (call, at) => {
        await call('chmod', at('f'), 0o600);
      }),
      [file('f', 'data of f')],
    ],
    run: async (fs) => {
      await fs.link('f', 'g');
      await fs.rename('f', 'h');
      await fs.mkdir('d');
      await fs.rename('g', 'd/f');
    },
  },
  {
    name: 'the redirect of an opaque directory',
    layers: [[opaque('o', { xattrs: redirect('not/valid') }), file('o/new', 'n')], [file('o/old', 'o')]],
    not: { plain: 'the attribute is of the format' },
    run: async (fs) => {
      await fs.names('o', { is: ['new'] });
      await fs.write('o/new', 'N', { flags: o.WRONLY });
    },
  },
  {
    name: 'the redirect of an opaque directory, where none may be followed',
    layers: [
      [opaque('o', { xattrs: redirect('/elsewhere') }), file('o/new', 'n')],
      [file('elsewhere/old', 'o')],
    ],
    features: 'off',
    options: 'redirect_dir=nofollow',
    not: { plain: 'the attribute is of the format' },
    run: async (fs) => {
      await fs.names('o', { is: ['new'] });
      await fs.write('o/new', 'N', { flags: o.WRONLY });
    },
  },
];

await conform('former uppers', cases);
