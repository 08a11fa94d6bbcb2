/** Subvolumes of btrfs below one layer, which all number their objects from 256 on. */
import { execFileSync } from 'node:child_process';
import t from 'tap';
import { InodeNumbers } from '../../src/union/inode-numbers.ts';
import { makeScratch } from '../fixtures/mount.ts';
import { mountNeeds, needs } from '../fixtures/needs.ts';
import { shell } from './fixtures/shell.ts';

t.test('each file has an inode number of its own', needs(...mountNeeds, 'program:mkfs.btrfs'), async (t) => {
  const scratch = makeScratch(t);
  const disk = scratch.directory('disk');
  await shell(scratch.path, 'truncate -s 128M image; mkfs.btrfs -q image; mount -o loop image disk');
  t.teardown(() => execFileSync('umount', ['-l', disk]));
  await shell(
    disk,
    `mkdir lower upper work
    for sub in one two one/three; do
      btrfs subvolume create lower/$sub; mkdir lower/$sub/dir
      for f in a b dir/c; do echo $sub >lower/$sub/$f; done
    done`,
  );
  const union = { lower: [`${disk}/lower`], upper: `${disk}/upper`, work: `${disk}/work` };
  const at = scratch.directory('at');
  const numbers = 'find . -mindepth 1 -printf "%i %p\\n" | sort -k 2';
  const first = await scratch.mount({ ...union, at });
  const before = await shell(first.path, numbers);
  const inodes = before.split('\n').map((line) => line.split(' ')[0]);
  t.equal(new Set(inodes).size, inodes.length, before);
  t.equal(inodes.length, 15);
  t.equal(
    await shell(disk, 'cd lower; find . -name a -printf "%i\\n" | sort -u | wc -l'),
    '1',
    'they collide below',
  );
  await shell(first.path, 'echo more >>two/a; chmod 600 one/three/dir/c');
  t.equal(await shell(first.path, numbers), before, 'over a copy-up');
  const entries = `import os
for d, _, _ in os.walk('.'):
    for e in os.scandir(d):
        if e.is_file() and e.inode() != e.stat().st_ino: print(e.path)`;
  t.equal(await shell(first.path, `python3 -c "${entries}"`), '', 'entries tell the same');
  await first.end();
});

t.test('numbers of subvolumes keep clear of those of layers', (t) => {
  for (const fileSystems of [1, 2, 7, 300]) {
    const numbers = new InodeNumbers(fileSystems);
    const seen = new Set<string>();
    let count = 0;
    const note = (): void => {
      count += 1;
      seen.add(`${String(numbers.high)}:${String(numbers.low)}`);
    };
    for (const [low, high] of [
      [256, 0],
      [257, 0],
      [256, 5],
      [256, 0x7fffffff],
      [1, 0],
    ] as const) {
      for (let fsid = 0; fsid < fileSystems; fsid++) {
        numbers.map(fsid, low, high);
        note();
      }
      for (let dev = 40; dev < 3000; dev++) {
        numbers.mapApart(dev, low, high);
        note();
      }
    }
    t.equal(seen.size, count, `${String(fileSystems)} file systems`);
  }
  t.end();
});
