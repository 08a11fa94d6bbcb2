/**
 * Takes a tree of any depth away, without following a link or leaving its file system (`layer/remove-tree.ts`).
 */
import { basename, dirname } from 'node:path';
import type { Fd } from '../base/ids.ts';
import { nameFromText } from '../base/name.ts';
import { removeTree } from '../layer/remove-tree.ts';
import { AT_FDCWD, O_DIRECTORY, O_RDONLY } from '../os/constants.ts';
import { isErrno } from './durable.ts';
import { createToolFs } from './tool-fs.ts';

/** Nothing happens where nothing is. FsError EBUSY where something is mounted in it. */
export function removeDirectory(path: string): Promise<void> {
  return Promise.resolve().then(() => {
    removeDirectorySync(path);
  });
}

/** The same, at once. */
export function removeDirectorySync(path: string): void {
  const fs = createToolFs();
  const flags = O_RDONLY | O_DIRECTORY;
  const parent = fs.findOpenat(AT_FDCWD as Fd, nameFromText(dirname(path)), flags);
  if (parent === undefined) return;
  try {
    removeTree(fs, parent, nameFromText(basename(path)));
  } catch (thrown) {
    // Somebody else takes it away, too.
    if (!isErrno(thrown, 'ENOENT')) throw thrown;
  } finally {
    fs.close(parent);
  }
}
