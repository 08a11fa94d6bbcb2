/**
 * What an image has in the place of a new volume is copied into it, once: also when two containers are made at the
 * same time, and again from the beginning when a copy did not come to its end.
 */
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Fd } from '../base/ids.ts';
import { asName, nameFromText } from '../base/name.ts';
import { AT_FDCWD, O_DIRECTORY, O_RDONLY } from '../os/constants.ts';
import { waitForLock } from '../os/lock.ts';
import { syncFileSystem } from '../os/sync-file-system.ts';
import { writeDurably } from '../store/durable.ts';
import { createToolFs } from '../store/tool-fs.ts';
import { copyContent } from './copy-tree.ts';

/** Copies what is in `from` (O_PATH) to the volume whose content is at `content`, if that is empty. */
export async function fillVolume(content: string, from: Fd): Promise<void> {
  const lock = await waitForLock(nameFromText(content), 'exclusive');
  const mark = join(dirname(content), 'filling');
  try {
    if (existsSync(mark))
      for (const name of readdirSync(content)) rmSync(join(content, name), { recursive: true });
    else if (readdirSync(content).length > 0) return;
    await writeDurably(mark, '');
    const fs = createToolFs();
    const [source, target] = [
      fs.openat(from, asName('.'), O_RDONLY | O_DIRECTORY, 0),
      fs.openat(AT_FDCWD as Fd, nameFromText(content), O_RDONLY | O_DIRECTORY, 0),
    ];
    try {
      await copyContent(fs, source, target);
    } finally {
      fs.close(source);
      fs.close(target);
    }
    // After a loss of power the mark is there for as long as anything of the copy is missing.
    await syncFileSystem(content);
    rmSync(mark);
  } finally {
    lock.release();
  }
}
