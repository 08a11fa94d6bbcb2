/** Names are bytes: long, strange, not UTF-8; and paths deeper than PATH_MAX. */
import { conform, type Case } from '../fixtures/conform.ts';
import { kind, o } from '../fixtures/flags.ts';
import { dir, file, symlink, whiteout } from '../fixtures/layers.ts';
import type { Ops } from '../fixtures/ops.ts';

const long = 'n'.repeat(255);
const strange = [
  '\xff\xfe',
  '\x01',
  'new\nline',
  ' ',
  '-rf',
  'a\\b',
  'a,b:c=d',
  '"quote\'',
  '.hidden',
  '...',
  '\xc3\xa4',
  'a\xcc\x88',
  '%s',
  '#1',
  '.wx.a',
];

/** Goes down through directory descriptors and answers the deepest. */
async function descend(fs: Ops, name: string, depth: number): Promise<number> {
  let fd = await fs.open('.', o.RDONLY | o.DIRECTORY);
  for (let n = 0; n < depth; n++) {
    const next = await fs.open([fd, name], o.RDONLY | o.DIRECTORY);
    await fs.close(fd);
    fd = next;
  }
  return fd;
}

const cases: Case[] = [
  {
    name: '255 bytes, and one too many',
    layers: [[file(long, 'x'), dir(`d/${long}`), whiteout(`e/${long}`)], [file(`e/${long}`)]],
    run: async (fs) => {
      await fs.read(long, { is: 'x' });
      await fs.chmod(long, 0o600);
      await fs.lstat(`e/${long}`, { fails: 'ENOENT' });
      await fs.write(`e/${long}`, 'y');
      await fs.rename(long, `d/${long}/${long}`);
      await fs.names(`d/${long}`, { is: [long] });
      await fs.unlink(`e/${long}`);
      await fs.mkdir('m'.repeat(255));
      const tooLong = 'n'.repeat(256);
      await fs.lstat(tooLong, { fails: 'ENAMETOOLONG' });
      await fs.write(tooLong, '', { fails: 'ENAMETOOLONG' });
      await fs.mkdir(tooLong, 0o755, { fails: 'ENAMETOOLONG' });
      await fs.symlink('x', tooLong, { fails: 'ENAMETOOLONG' });
      await fs.mknod(tooLong, kind.FIFO | 0o600, 0, { fails: 'ENAMETOOLONG' });
      await fs.rename('d', tooLong, { fails: 'ENAMETOOLONG' });
      await fs.link(`d/${long}/${long}`, tooLong, { fails: 'ENAMETOOLONG' });
      await fs.unlink(tooLong, { fails: 'ENAMETOOLONG' });
    },
  },
  {
    name: 'one too many, in directories whose names are all known',
    layers: [[file('low/f'), file('merged/f')], [file('merged/g')]],
    run: async (fs) => {
      await fs.mkdir('up');
      await fs.chmod('merged', 0o700);
      for (const directory of ['low', 'merged', 'up']) {
        await fs.names(directory);
        for (let n = 0; n < 20; n++) await fs.lstat(`${directory}/absent${String(n)}`, { fails: 'ENOENT' });
        for (const length of [256, 300, 1023]) {
          const tooLong = `${directory}/${'n'.repeat(length)}`;
          await fs.lstat(tooLong, { fails: 'ENAMETOOLONG' });
          await fs.unlink(tooLong, { fails: 'ENAMETOOLONG' });
          await fs.rmdir(tooLong, { fails: 'ENAMETOOLONG' });
          await fs.mkdir(tooLong, 0o755, { fails: 'ENAMETOOLONG' });
          await fs.rename('low/f', tooLong, { fails: 'ENAMETOOLONG' });
        }
      }
    },
  },
  {
    name: 'bytes of every kind, below and above',
    layers: [strange.map((name) => file(`low/${name}`, name))],
    run: async (fs) => {
      await fs.names('low', { is: [...strange].sort() });
      await fs.mkdir('up');
      for (const name of strange) {
        await fs.read(`low/${name}`, { is: name });
        await fs.write(`up/${name}`, name);
        await fs.rename(`low/${name}`, `low/${name}x`);
        await fs.unlink(`low/${name}x`);
        await fs.symlink(name, `low/${name}`);
        await fs.readlink(`low/${name}`, { is: name });
      }
      await fs.names('up', { is: [...strange].sort() });
    },
  },
  {
    name: 'directories of every kind are renamed and merged',
    layers: [
      strange.map((name) => file(`${name}/top`, '1')),
      strange.map((name) => file(`${name}/low`, '2')),
    ],
    run: async (fs) => {
      for (const [index, name] of strange.entries()) {
        await fs.rename(name, `moved${String(index)}`);
        await fs.names(`moved${String(index)}`, { is: ['low', 'top'] });
      }
    },
  },
  {
    name: 'names that differ in case or in normal form are different',
    layers: [[file('A', '1'), file('a', '2'), file('\xc3\xa4', '3'), file('a\xcc\x88', '4')]],
    run: async (fs) => {
      await fs.read('A', { is: '1' });
      await fs.read('a', { is: '2' });
      await fs.read('a\xcc\x88', { is: '4' });
      await fs.unlink('\xc3\xa4');
      await fs.read('a\xcc\x88', { is: '4' });
    },
  },
  {
    name: '. and .. as names',
    layers: [[dir('d/e'), symlink('l', 'd')]],
    run: async (fs) => {
      await fs.mkdir('d/.', 0o755, { fails: 'EEXIST' });
      await fs.rmdir('d/.', { fails: 'EINVAL' });
      await fs.rmdir('d/..', { fails: 'ENOTEMPTY' });
      await fs.unlink('d/..', { fails: 'EISDIR' });
      await fs.rename('d/.', 'x', { fails: 'EBUSY' });
      await fs.lstat('d/e/../../l', { like: { mode: kind.LINK | 0o777 } });
    },
  },
  {
    name: 'names that AUFS would read as marks are plain in an upper without them',
    layers: [[file('d/f')]],
    run: async (fs) => {
      await fs.write('d/.wh', '1');
      await fs.write('d/wh.f', '1');
      await fs.names('d', { is: ['.wh', 'f', 'wh.f'] });
    },
  },
  {
    name: 'a path of 10,000 bytes',
    layers: [[file('f', 'x')]],
    // The picture of the tree is taken by path: it is removed at the end.
    run: async (fs) => {
      const name = 'd'.repeat(200);
      let fd = await fs.open('.', o.RDONLY | o.DIRECTORY);
      for (let n = 0; n < 50; n++) {
        await fs.mkdir([fd, name]);
        const next = await fs.open([fd, name], o.RDONLY | o.DIRECTORY);
        await fs.close(fd);
        fd = next;
      }
      await fs.write([fd, 'deep'], 'down here');
      await fs.close(fd);
      fd = await descend(fs, name, 50);
      await fs.read([fd, 'deep'], { is: 'down here' });
      await fs.rename([fd, 'deep'], [fd, 'deeper']);
      await fs.unlink([fd, 'deeper']);
      for (let n = 50; n > 0; n--) {
        const up = await fs.open([fd, '..'], o.RDONLY | o.DIRECTORY);
        await fs.call(undefined, 'rmdir', [up, name]);
        await fs.close(fd);
        fd = up;
      }
      await fs.names('.', { is: ['f'] });
    },
  },
];

await conform('names', cases);
