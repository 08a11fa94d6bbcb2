import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { makeScratch } from '../fixtures/mount.ts';
import { mountNeeds, needs } from '../fixtures/needs.ts';

t.test(
  'xino=off shows the inode numbers of the layers, on and auto none twice',
  needs(...mountNeeds),
  async (t) => {
    const disk = makeScratch(t);
    const memory = makeScratch(t, { on: 'tmpfs' });
    const [top, bottom] = [disk.directory('top'), memory.directory('bottom')];
    writeFileSync(join(top, 'a'), '');
    writeFileSync(join(bottom, 'b'), '');
    const real = [statSync(join(top, 'a')).ino, statSync(join(bottom, 'b')).ino];
    const shown = async (...options: string[]): Promise<bigint[]> => {
      const { path } = await disk.mount({ lower: [top, bottom], options });
      return ['a', 'b'].map((name) => statSync(join(path, name), { bigint: true }).ino);
    };
    t.strictSame((await shown('xino=off')).map(Number), real);
    const mapped = await shown('xino=on');
    t.equal(new Set(mapped.map((ino) => ino >> 60n)).size, 2, 'the file system is in the upper bits');
    t.strictSame(await shown(), mapped);
  },
);
