/**
 * Lower layers that were uppers: renamed directories, metacopy files and opaque directories in them, and what
 * is renamed over them.
 */
import { conform, type Case } from '../fixtures/conform.ts';
import { renameFlag } from '../fixtures/flags.ts';
import { file, link, made, type Layer } from '../fixtures/layers.ts';

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
];

await conform('former uppers', cases);
