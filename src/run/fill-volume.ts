/**
 * What an image has in the place of a new volume is copied into it. A mark beside the content says that everything in there is
 * of a copy that did not come to its end: it is there only while nobody but the copy has the volume, and goes with that
 * content before anybody else takes it. All of this is for the holder of the volume's lock.
 */
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Fd } from '../base/ids.ts';
import { asName, nameFromText } from '../base/name.ts';
import { emptyDirectory } from '../layer/remove-tree.ts';
import { AT_FDCWD, O_DIRECTORY, O_RDONLY } from '../os/constants.ts';
import type { HostFs } from '../os/host-fs.ts';
import { syncFileSystem } from '../os/sync-file-system.ts';
import { syncDirectory, writeDurably } from '../store/durable.ts';
import { createToolFs } from '../store/tool-fs.ts';
import { copyContent } from './copy-tree.ts';

/**
 * Copies what is in `from` (O_PATH) to the volume whose content is at `content`, if that is empty. A copy that fails leaves
 * nothing, and one that dies what `discardUnfinished` throws away. Where the volume `isShared`, what came so far stays, since
 * others may have written between.
 */
export async function fillEmpty(
  content: string,
  from: Fd,
  { isShared }: { readonly isShared: boolean },
): Promise<void> {
  if (readdirSync(content).length > 0) return;
  if (isShared) return copyTo(content, from);
  try {
    await writeDurably(markOf(content), '');
    await copyTo(content, from);
    // After a loss of power the mark is there for as long as anything of the copy is missing.
    await syncFileSystem(content);
  } catch (thrown) {
    // What cannot be thrown away now keeps its mark, and goes when the volume is taken next.
    await discardUnfinished(content).catch(() => undefined);
    throw thrown;
  }
  await removeMark(content);
}

async function copyTo(content: string, from: Fd): Promise<void> {
  const fs = createToolFs();
  const [source, target] = [
    fs.openat(from, asName('.'), O_RDONLY | O_DIRECTORY, 0),
    openContent(fs, content),
  ];
  try {
    await copyContent(fs, source, target, { top: true });
  } finally {
    fs.close(source);
    fs.close(target);
  }
}

/** Throws away what a copy that died has left; nothing where there is none such. */
export async function discardUnfinished(content: string): Promise<void> {
  if (!existsSync(markOf(content))) return;
  const fs = createToolFs();
  const directory = openContent(fs, content);
  try {
    // Names are bytes, of which not all are text.
    emptyDirectory(fs, directory);
  } finally {
    fs.close(directory);
  }
  await removeMark(content);
}

function openContent(fs: HostFs, content: string): Fd {
  return fs.openat(AT_FDCWD as Fd, nameFromText(content), O_RDONLY | O_DIRECTORY, 0);
}

function markOf(content: string): string {
  return join(dirname(content), 'filling');
}

/** A loss of power must not bring it back: somebody else writes to the volume from now on. */
async function removeMark(content: string): Promise<void> {
  rmSync(markOf(content));
  await syncDirectory(dirname(content));
}
