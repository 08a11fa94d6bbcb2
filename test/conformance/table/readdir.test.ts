/** getdents64(2): nothing twice, nothing lost, with seeking, and while others change the directory. */
import { conform, type Case } from '../fixtures/conform.ts';
import { dt, kind, o, renameFlag } from '../fixtures/flags.ts';
import { dir, fifo, file, node, opaque, symlink, whiteout, type Row } from '../fixtures/layers.ts';
import { expectThat, type Ops } from '../fixtures/ops.ts';

type Entry = [name: string, ino: string, type: number, offset: string];

const many = (count: number, prefix: string): Row[] =>
  Array.from({ length: count }, (_, n) => file(`d/${prefix}${String(n)}`));

async function rest(fs: Ops, fd: number, size = 600): Promise<Entry[]> {
  const found: Entry[] = [];
  for (;;) {
    const more = await fs.call<Entry[]>(undefined, 'getdents', fd, size);
    if (more.length === 0) return found;
    found.push(...more);
  }
}

const namesOf = (entries: readonly Entry[]): string[] => entries.map(([name]) => name);

function expectOnce(entries: readonly Entry[], wanted: readonly string[]): void {
  const names = namesOf(entries);
  const set = new Set(names);
  expectThat(
    set.size === names.length,
    `twice: ${names.filter((name, at) => names.indexOf(name) !== at).join(' ')}`,
  );
  for (const name of wanted) expectThat(set.has(name), `lost: ${name}`);
}

const cases: Case[] = [
  {
    name: 'types, inode numbers, . and ..',
    layers: [
      [
        file('f'),
        dir('d'),
        symlink('l', 'x'),
        fifo('p'),
        node('c', kind.CHAR | 0o600, 5),
        node('s', kind.SOCKET | 0o600),
      ],
    ],
    run: async (fs) => {
      await fs.mkdir('d/up');
      const fd = await fs.open('.', o.RDONLY | o.DIRECTORY);
      const entries = await rest(fs, fd);
      const types = Object.fromEntries(entries.map(([name, , type]) => [name, type]));
      const wanted = {
        '.': dt.DIR,
        '..': dt.DIR,
        f: dt.REG,
        d: dt.DIR,
        l: dt.LNK,
        p: dt.FIFO,
        c: dt.CHR,
        s: dt.SOCK,
      };
      expectThat(
        JSON.stringify(Object.entries(types).sort()) === JSON.stringify(Object.entries(wanted).sort()),
        JSON.stringify(types),
      );
      for (const [name, ino] of entries) {
        if (name !== '..') await fs.lstat(name, { like: { ino } });
      }
      const inside = await fs.open('d/up', o.RDONLY | o.DIRECTORY);
      const parent = await fs.lstat('d');
      const dots = await rest(fs, inside);
      expectThat(
        dots.find(([name]) => name === '..')?.[1] === parent.ino,
        'd_ino of .. is not that of the parent',
      );
    },
  },
  {
    name: 'three layers of 100, with whiteouts and doubles',
    layers: [
      [...many(100, 'a'), ...Array.from({ length: 50 }, (_, n) => whiteout(`d/c${String(n)}`))],
      [...many(100, 'b'), ...many(20, 'a')],
      [...many(100, 'c'), ...many(40, 'b')],
    ],
    run: async (fs) => {
      const fd = await fs.open('d', o.RDONLY | o.DIRECTORY);
      const entries = await rest(fs, fd);
      expectThat(entries.length === 252, `${String(entries.length)} entries`);
      expectOnce(entries, ['a0', 'b99', 'c50', '.', '..']);
      expectThat(!namesOf(entries).includes('c49'), 'c49 shows');
    },
  },
  {
    name: 'again from the start after a rewind, with what is new',
    layers: [many(30, 'x')],
    run: async (fs) => {
      const fd = await fs.open('d', o.RDONLY | o.DIRECTORY);
      await rest(fs, fd);
      await fs.write('d/new', '');
      await fs.unlink('d/x3');
      await fs.call(undefined, 'seekdir', fd, '0');
      const names = namesOf(await rest(fs, fd));
      expectThat(names.includes('new') && !names.includes('x3'), 'a rewound directory shows what was');
    },
  },
  {
    name: 'seeking to each entry and reading on from there',
    layers: [many(25, 'top'), many(25, 'low')],
    run: async (fs) => {
      const fd = await fs.open('d', o.RDONLY | o.DIRECTORY);
      const entries = await rest(fs, fd);
      for (let at = 0; at < entries.length; at += 7) {
        await fs.call(undefined, 'seekdir', fd, entries[at]?.[3] ?? '0');
        const after = namesOf(await rest(fs, fd));
        const wanted = namesOf(entries.slice(at + 1));
        expectThat(
          after.join() === wanted.join(),
          `after ${String(at)}: ${after.slice(0, 3).join()} not ${wanted.slice(0, 3).join()}`,
        );
      }
    },
  },
  {
    name: 'deleting while reading: rm -r in small steps',
    layers: [many(120, 'top'), many(120, 'low')],
    run: async (fs) => {
      const fd = await fs.open('d', o.RDONLY | o.DIRECTORY);
      const seen: Entry[] = [];
      for (;;) {
        const some = await fs.call<Entry[]>(undefined, 'getdents', fd, 400);
        if (some.length === 0) break;
        seen.push(...some);
        for (const [name] of some) if (!name.startsWith('.')) await fs.unlink(`d/${name}`);
      }
      expectOnce(seen, ['top0', 'top119', 'low0', 'low119']);
      await fs.names('d', { is: [] });
      await fs.rmdir('d');
    },
  },
  {
    name: 'creating and renaming while reading: what was there all the time shows once',
    layers: [many(100, 'top'), many(100, 'low')],
    run: async (fs) => {
      const fd = await fs.open('d', o.RDONLY | o.DIRECTORY);
      const seen: Entry[] = [];
      for (let round = 0; ; round++) {
        const some = await fs.call<Entry[]>(undefined, 'getdents', fd, 300);
        if (some.length === 0) break;
        seen.push(...some);
        if (round < 40) {
          await fs.write(`d/new${String(round)}`, '');
          await fs.rename(`d/low${String(round)}`, `d/moved${String(round)}`);
          await fs.unlink(`d/top${String(round)}`);
        }
      }
      const stayed = Array.from({ length: 60 }, (_, n) => [
        `top${String(n + 40)}`,
        `low${String(n + 40)}`,
      ]).flat();
      expectOnce(seen, stayed);
    },
  },
  {
    name: 'two readers at their own pace',
    layers: [many(60, 'a'), many(60, 'b')],
    run: async (fs) => {
      const one = await fs.open('d', o.RDONLY | o.DIRECTORY);
      const two = await fs.open('d', o.RDONLY | o.DIRECTORY);
      const seen: Entry[][] = [[], []];
      for (let open = true; open;) {
        const first = await fs.call<Entry[]>(undefined, 'getdents', one, 300);
        const second = await fs.call<Entry[]>(undefined, 'getdents', two, 900);
        seen[0]?.push(...first);
        seen[1]?.push(...second);
        open = first.length + second.length > 0;
      }
      for (const list of seen) expectThat(list.length === 122, `${String(list.length)} entries`);
    },
  },
  {
    name: 'after changes the listing is new: create, delete, recreate, rename, copy-up',
    layers: [
      [file('d/a'), file('d/b'), whiteout('d/w')],
      [file('d/w'), file('d/c')],
    ],
    run: async (fs) => {
      await fs.names('d', { is: ['a', 'b', 'c'] });
      await fs.write('d/w', '');
      await fs.names('d', { is: ['a', 'b', 'c', 'w'] });
      await fs.unlink('d/a');
      await fs.names('d', { is: ['b', 'c', 'w'] });
      await fs.mkdir('d/a');
      await fs.names('d', { is: ['a', 'b', 'c', 'w'] });
      await fs.rename('d/c', 'c');
      await fs.names('d', { is: ['a', 'b', 'w'] });
      await fs.chmod('d/b', 0o600);
      await fs.names('d', { is: ['a', 'b', 'w'] });
      const entries = await fs.readdir('d');
      expectThat(
        entries.find((entry) => entry.name === 'a')?.type === dt.DIR,
        'a is not a directory in the listing',
      );
    },
  },
  {
    name: 'two objects change places in directories that were listed',
    layers: [[file('d/a'), file('e/x'), dir('e/y')]],
    run: async (fs) => {
      await fs.write('d/new', '');
      for (const name of ['d', 'e']) await fs.readdir(name);
      await fs.rename('d/new', 'e/x', { flags: renameFlag.EXCHANGE });
      await fs.names('d', { is: ['a', 'new'] });
      await fs.names('e', { is: ['x', 'y'] });
      await fs.rename('e/y', 'e/x', { flags: renameFlag.EXCHANGE });
      await fs.names('e', { is: ['x', 'y'] });
      const entries = await fs.readdir('e');
      expectThat(entries.find((entry) => entry.name === 'x')?.type === dt.DIR, 'x is not the directory');
    },
  },
  {
    name: 'opaque and empty directories',
    layers: [
      [opaque('o'), file('o/1'), dir('e'), whiteout('f/x')],
      [file('o/2'), file('f/x'), dir('e')],
    ],
    run: async (fs) => {
      await fs.names('o', { is: ['1'] });
      await fs.names('e', { is: [] });
      await fs.names('f', { is: [] });
    },
  },
  {
    name: 'a buffer that is too small',
    layers: [[file('d/name')]],
    run: async (fs) => {
      const fd = await fs.open('d', o.RDONLY | o.DIRECTORY);
      await fs.call({ fails: 'EINVAL' }, 'getdents', fd, 10);
      expectOnce(await rest(fs, fd, 32), ['name']);
    },
  },
  {
    name: 'of a file, and read(2) of a directory',
    layers: [[file('f'), dir('d')]],
    run: async (fs) => {
      const fd = await fs.open('f', o.RDONLY);
      await fs.call({ fails: 'ENOTDIR' }, 'getdents', fd, 1000);
      const directory = await fs.open('d', o.RDONLY);
      await fs.pread(directory, 10, 0, { fails: 'EISDIR' });
    },
  },
];

await conform('readdir', cases);
