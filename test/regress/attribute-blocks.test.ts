/** ext4 keeps in an inode what fits there of its attributes, the first that come, and the others in a block of their own. */
import { execFileSync } from 'node:child_process';
import { lstatSync } from 'node:fs';
import t from 'tap';
import { makeScratch } from '../fixtures/mount.ts';
import { mountNeeds, needs } from '../fixtures/needs.ts';
import { shell } from './fixtures/shell.ts';

t.test(
  'what was copied by its metadata at first takes no more room in the end',
  needs(...mountNeeds, 'program:mkfs.ext4'),
  async (t) => {
    const scratch = makeScratch(t);
    const disk = scratch.directory('disk');
    await shell(scratch.path, 'truncate -s 16M image; mkfs.ext4 -q -I 256 image; mount -o loop image disk');
    t.teardown(() => execFileSync('umount', ['-l', disk]));
    await shell(disk, 'mkdir lower upper work; for f in late once; do yes $f | head -c 5000 >lower/$f; done');
    const layers = { lower: [`${disk}/lower`], upper: `${disk}/upper`, work: `${disk}/work` };
    const mount = await scratch.mount(layers);
    await shell(mount.path, 'chmod 600 late; for f in late once; do echo more >>$f; done');
    await mount.end();
    const blocks = (name: string): number => lstatSync(`${disk}/upper/${name}`).blocks;
    t.equal(blocks('late'), blocks('once'));
  },
);
