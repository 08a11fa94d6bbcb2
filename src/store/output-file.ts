/**
 * A file that a command was told to write (`-o FILE`): written beside and renamed when it is whole, so that what was there stays
 * until then, and nothing half done is left by a failure or a signal. A device or a pipe is written to as it is.
 */
import { randomBytes } from 'node:crypto';
import { rmSync, type Stats } from 'node:fs';
import { lstat, open, realpath, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { nameFromText } from '../base/name.ts';
import { UserError } from '../base/user-error.ts';
import { findMountAt } from '../os/mountinfo.ts';
import { callersMode } from '../os/own-process.ts';
import { isErrno, unfinishedPrefix } from './durable.ts';
import { tellingNoSpace } from './no-space.ts';

/** UserError `bad-output` where it cannot be made, `no-space`; whatever `write` throws. */
export async function writeOutput(path: string, write: (file: FileHandle) => Promise<void>): Promise<void> {
  const before = await findStat(path);
  // The place of a mount, or of a link that leads nowhere yet, cannot be taken by another file.
  if (before === undefined ? await isLink(path) : !before.isFile() || (await isMountPoint(path))) {
    await writeTo(await openOutput(path, path, 'w'), path, write);
    return;
  }
  // A link stays one.
  const target = before === undefined ? path : await realpath(path);
  const unfinished = join(dirname(target), `${unfinishedPrefix}${randomBytes(6).toString('hex')}`);
  const stopHeeding = removeWhenEnded(unfinished);
  try {
    const file = await openOutput(unfinished, path, 'wx');
    await writeTo(file, path, async () => {
      if (before !== undefined) await file.chmod(before.mode & 0o7777);
      await write(file);
    });
    await rename(unfinished, target);
  } catch (thrown) {
    await rm(unfinished, { force: true });
    throw thrown;
  } finally {
    stopHeeding();
  }
}

/** Removes the file when a person ends the program, which then ends as it would have. */
function removeWhenEnded(path: string): () => void {
  const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  const end = (name: NodeJS.Signals): void => {
    rmSync(path, { force: true });
    stop();
    process.kill(process.pid, name);
  };
  const stop = (): void => {
    for (const name of names) process.off(name, end);
  };
  for (const name of names) process.on(name, end);
  return stop;
}

function writeTo(file: FileHandle, path: string, write: (file: FileHandle) => Promise<void>): Promise<void> {
  const act = async (): Promise<void> => {
    try {
      await write(file);
    } finally {
      await file.close();
    }
  };
  return tellingNoSpace(path, act, 'make room there, or write to another file system');
}

async function openOutput(path: string, asked: string, flags: string): Promise<FileHandle> {
  try {
    return await open(path, flags, callersMode(0o644));
  } catch (cause) {
    const { code = 'EIO' } = cause as NodeJS.ErrnoException;
    throw new UserError('bad-output', `${asked} cannot be written (${code})`, {
      hint: 'name a file in a directory that is there',
      cause,
    });
  }
}

async function isLink(path: string): Promise<boolean> {
  try {
    return (await lstat(path)).isSymbolicLink();
  } catch (thrown) {
    if (isErrno(thrown, 'ENOENT', 'ENOTDIR')) return false;
    throw thrown;
  }
}

async function isMountPoint(path: string): Promise<boolean> {
  return findMountAt(nameFromText(await realpath(path))) !== undefined;
}

async function findStat(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch (thrown) {
    if (isErrno(thrown, 'ENOENT', 'ENOTDIR')) return undefined;
    throw thrown;
  }
}
