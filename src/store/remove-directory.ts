/**
 * Takes a tree of any depth away, without following a link or leaving its file system (`layer/remove-tree.ts`).
 */
import { basename, dirname } from 'node:path';
import { nameFromText } from '../base/name.ts';
import { removeTree } from '../layer/remove-tree.ts';
import { isErrno } from './durable.ts';
import { createToolFs, withDirectories } from './tool-fs.ts';

/** Nothing happens where nothing is. FsError EBUSY where something is mounted in it. */
export async function removeDirectory(path: string): Promise<void> {
  const fs = createToolFs();
  try {
    await withDirectories(fs, [dirname(path)], ([parent]) => {
      if (parent !== undefined) removeTree(fs, parent, nameFromText(basename(path)));
    });
  } catch (thrown) {
    if (!isErrno(thrown, 'ENOENT')) throw thrown;
  }
}
