/** Trees by snapshots of subvolumes, on a data root that lies on btrfs. Programs: btrfs-progs. */
import { statfsSync } from 'node:fs';
import { runChild } from '../child.ts';
import { deleteNested } from './btrfs-nested.ts';
import { clearScratch, findTouched } from './btrfs-touched.ts';
import type { TreeKeeper } from './tree-driver.ts';

/** BTRFS_SUPER_MAGIC (include/uapi/linux/magic.h). */
const btrfsMagic = 0x9123683e;

export function isBtrfs(path: string): boolean {
  return statfsSync(path).type === btrfsMagic;
}

export const btrfsKeeper: TreeKeeper = {
  name: 'btrfs',
  make: async (path, from) => {
    if (from === undefined) await runChild('btrfs', ['subvolume', 'create', path]);
    else await runChild('btrfs', ['subvolume', 'snapshot', from, path]);
  },
  remove: async (path) => {
    const remove = (): Promise<unknown> => runChild('btrfs', ['subvolume', 'delete', path]);
    await remove().catch(async (thrown: unknown) => {
      if (!(await deleteNested(path))) throw thrown;
      await remove();
    });
  },
  findTouched,
  clearScratch,
  status: async (base) => ({
    'Kept as': 'a subvolume for each layer',
    Layers: base,
    'btrfs-progs': (await runChild('btrfs', ['--version'])).trim(),
  }),
};
