/**
 * syncfs(2), for programs that are no file server (`RealFs` has it for those).
 */
import { open } from 'node:fs/promises';
import { FsError } from '../base/fs-error.ts';
import { getAddon } from './addon.ts';

/** Resolves when everything written to the file system of `path` is on its disk. FsError EIO, ENOSPC, EDQUOT. */
export async function syncFileSystem(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    const answer = await getAddon().syncfsAsync(file.fd);
    if (answer < 0) throw new FsError(-answer, { syscall: 'syncfs', path });
  } finally {
    await file.close();
  }
}
