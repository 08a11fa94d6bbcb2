/** Stacks that are not small: 500 layers, data-only layers, layers on several file systems. */
import { conform, type Case } from '../fixtures/conform.ts';
import { o } from '../fixtures/flags.ts';
import { dir, file, whiteout, type Row } from '../fixtures/layers.ts';
import { expectThat } from '../fixtures/ops.ts';

const stack = (count: number): Row[][] =>
  Array.from({ length: count }, (_, n): Row[] => [
    file(`only/${String(n)}`, String(n)),
    file('shared', `layer ${String(n)}`),
    file(`some${String(n % 7)}`, String(n)),
    ...(n % 10 === 3 ? [whiteout(`only/${String(n + 1)}`)] : []),
  ]);

const cases: Case[] = [
  {
    name: '500 layers',
    layers: stack(500),
    oursOnly: true,
    run: async (fs) => {
      const names = await fs.names('only');
      expectThat(names.length === 450, `${String(names.length)} names`);
      await fs.read('shared', { is: 'layer 0' });
      await fs.read('only/499', { is: '499' });
      await fs.read('some6', { is: '6' });
      await fs.lstat('only/4', { fails: 'ENOENT' });
      await fs.write('only/499', 'up');
      await fs.unlink('shared');
      await fs.rename('only', 'renamed');
      await fs.read('renamed/498', { is: '498' });
    },
  },
  {
    name: 'data-only layers',
    layers: [
      [
        dir('d'),
        file('d/f', '\0'.repeat(14), {
          xattrs: { 'trusted.overlay.metacopy': '', 'trusted.overlay.redirect': '/store/data1' },
        }),
      ],
      [file('plain', 'p')],
    ],
    dataOnly: [
      [file('store/data1', 'content of one'), file('store/secret', 's')],
      [file('store/data2', 'two')],
    ],
    not: { plain: 'has no layers' },
    run: async (fs) => {
      await fs.names('.', { is: ['d', 'plain'] });
      await fs.read('d/f', { is: 'content of one' });
      await fs.lstat('store', { fails: 'ENOENT' });
      const fd = await fs.open('d/f', o.RDWR);
      await fs.pwrite(fd, 'C', 0);
      await fs.pread(fd, 100, 0, { is: 'Content of one' });
    },
  },
  {
    name: 'data-only layers: a damaged redirect on the way, and no file in the first one',
    layers: [
      [
        file('f', '\0'.repeat(3), {
          xattrs: { 'trusted.overlay.metacopy': '', 'trusted.overlay.redirect': '/store/f' },
        }),
        file('g', '\0'.repeat(3), {
          xattrs: { 'trusted.overlay.metacopy': '', 'trusted.overlay.redirect': '/kind/g' },
        }),
      ],
    ],
    dataOnly: [
      [
        dir('store', { xattrs: { 'trusted.overlay.redirect': 'not/valid' } }),
        file('store/f', 'eff'),
        dir('kind/g'),
      ],
      [file('kind/g', 'gee')],
    ],
    not: { plain: 'has no layers' },
    run: async (fs) => {
      await fs.read('f', { is: 'eff' });
      await fs.read('g', { is: 'gee' });
      await fs.rename('g', 'h');
      await fs.read('h', { is: 'gee' });
    },
  },
];

await conform('layers', cases);
