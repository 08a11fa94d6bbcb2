/** Trees by copying: slow and big, and right on every file system. */
import { mkdirSync } from 'node:fs';
import { runChild } from '../child.ts';
import { isBtrfs } from './btrfs.ts';
import { deleteNested } from './btrfs-nested.ts';
import { removeDirectory } from '../remove-directory.ts';
import type { TreeKeeper } from './tree-driver.ts';

export const vfsKeeper: TreeKeeper = {
  name: 'vfs',
  make: async (path, from) => {
    mkdirSync(path, { mode: 0o755 });
    if (from !== undefined) await runChild('cp', ['-aT', '--reflink=auto', '--', from, path]);
  },
  remove: async (path) => {
    await removeDirectory(path).catch(async (thrown: unknown) => {
      if (!isBtrfs(path) || !(await deleteNested(path))) throw thrown;
      await removeDirectory(path);
    });
  },
  status: (base) => Promise.resolve({ 'Kept as': 'a copy of the whole tree for each layer', Layers: base }),
};
