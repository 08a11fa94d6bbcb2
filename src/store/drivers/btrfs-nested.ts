/**
 * Subvolumes in the subvolume of a layer: a container may make some, without any privilege (BTRFS_IOC_SUBVOL_CREATE). A
 * snapshot of the layer has an empty directory in the place of each, and as long as there is one the layer cannot
 * be deleted.
 */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Fd } from '../../base/ids.ts';
import { nameFromText, type Name } from '../../base/name.ts';
import { DT_DIR, O_DIRECTORY, O_NOFOLLOW, O_RDONLY } from '../../os/constants.ts';
import { st, type HostFs } from '../../os/host-fs.ts';
import { runChild } from '../child.ts';
import { createToolFs, withDirectories } from '../tool-fs.ts';

/** BTRFS_FIRST_FREE_OBJECTID (include/uapi/linux/btrfs_tree.h): the root of each subvolume has it, and nothing else. */
const rootInode = 256;

/** Whether there are subvolumes in the subvolume at `path`. UserError `child-failed`. */
export async function hasNested(path: string): Promise<boolean> {
  return (await runChild('btrfs', ['subvolume', 'list', '-o', path])) !== '';
}

/**
 * Deletes the subvolumes in the directory at `path`, also those in each other. All are brought to its top before: there
 * none is in another's way, and paths are short. A crash leaves them there. Answers false where there are none. UserError
 * `child-failed`.
 */
export async function deleteNested(path: string): Promise<boolean> {
  const found: string[] = [];
  const fs = createToolFs();
  await bringUp(fs, path, path, found);
  // What it finds is looked into in its turn.
  for (const nested of found) await bringUp(fs, nested, path, found);
  for (const nested of found) await runChild('btrfs', ['subvolume', 'delete', nested]);
  return found.length > 0;
}

/** Moves the subvolumes that lie in `from`, but not those in these, into `to`, and adds their new paths to `found`. */
function bringUp(fs: HostFs, from: string, to: string, found: string[]): Promise<void> {
  return withDirectories(fs, [from, to], async ([source, target]) => {
    if (source === undefined || target === undefined) return;
    const bring = async (dir: Fd): Promise<void> => {
      for (const name of directoriesIn(fs, dir)) {
        fs.statx(dir, name);
        const isSubvolume = fs.stat[st.ino] === rootInode;
        const sub = fs.openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
        try {
          // Neither what lies in one that is sealed can be moved, nor it.
          if (isSubvolume) await makeWritable(sub);
          else await bring(sub);
        } finally {
          fs.close(sub);
        }
        if (!isSubvolume) continue;
        const free = `.nested-${randomBytes(16).toString('hex')}`;
        fs.renameat2(dir, name, target, nameFromText(free), 0);
        found.push(join(to, free));
      }
    };
    await bring(source);
  });
}

function directoriesIn(fs: HostFs, dir: Fd): Name[] {
  const { names, types } = fs.listDirectory(dir);
  return names.filter((_, index) => types[index] === DT_DIR);
}

/** By its descriptor: its path may be of any length, and in no encoding. */
async function makeWritable(subvolume: Fd): Promise<void> {
  const property = ['-t', 'subvol', `/proc/${String(process.pid)}/fd/${String(subvolume)}`, 'ro'];
  if ((await runChild('btrfs', ['property', 'get', ...property])).trim() !== 'ro=true') return;
  await runChild('btrfs', ['property', 'set', '-f', ...property, 'false']);
}
