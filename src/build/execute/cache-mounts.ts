/**
 * The caches of `RUN --mount=type=cache`: directories of the data root, one for each id, that outlast builds. Who does
 * not share one waits for the others.
 */
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  renameSync,
  statSync,
} from 'node:fs';
import { join } from 'node:path';
import { isFsError } from '../../base/fs-error.ts';
import { nameFromText } from '../../base/name.ts';
import { tryLockThere, waitForLock, type Lock, type LockMode } from '../../os/lock.ts';
import { namesIn } from '../../store/durable.ts';
import { removeDirectory } from '../../store/remove-directory.ts';
import { tryRemoval } from '../../store/try-removal.ts';
import { hashOf } from '../cache/step-key.ts';
import type { CacheMount } from '../plan/run-mounts.ts';
import type { BuildSession } from './build-request.ts';
import type { CopyPart } from './copy-parts.ts';
import { copyTo } from './private-copy.ts';

/** Of the directory of all caches, in that of what builds keep. */
const mountsName = 'mounts';

/**
 * Runs `act` while the step has these caches. Each is locked once, however often it is mounted, the strictest way that is
 * asked for: two locks of one step would wait for each other. All builds lock in one order, so that no two do.
 */
export async function withCacheLocks<T>(
  session: BuildSession,
  mounts: readonly CacheMount[],
  act: () => Promise<T>,
): Promise<T> {
  const modes = new Map<string, LockMode>();
  for (const { id, sharing } of mounts) {
    const directory = directoryOf(session, id);
    const isShared = sharing === 'shared' && modes.get(directory) !== 'exclusive';
    modes.set(directory, isShared ? 'shared' : 'exclusive');
  }
  const locks: Lock[] = [];
  try {
    for (const directory of [...modes.keys()].sort()) {
      locks.push(await lockCache(directory, modes.get(directory) ?? 'exclusive', session.signal));
    }
    return await act();
  } finally {
    for (const lock of locks) lock.release();
  }
}

/** Somebody who prunes may take the directory away before it is locked. */
async function lockCache(directory: string, mode: LockMode, signal: AbortSignal): Promise<Lock> {
  for (;;) {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const lock = await waitForLock(nameFromText(directory), mode, signal).catch(ifGone);
    if (lock === undefined) continue;
    if (fstatSync(lock.fd).ino === statSync(directory, { throwIfNoEntry: false })?.ino) return lock;
    lock.release();
  }
}

function ifGone(thrown: unknown): undefined {
  if (!isFsError(thrown, 'ENOENT')) throw thrown;
}

/** Takes away the caches that no step has. What is in use stays, as does what cannot be removed. */
export async function removeUnusedCaches(cacheDirectory: string): Promise<void> {
  const base = join(cacheDirectory, mountsName);
  for (const name of await namesIn(base)) {
    const directory = join(base, name);
    const lock = tryLockThere(nameFromText(directory));
    if (lock === undefined) continue;
    try {
      await tryRemoval(async () => {
        // Half of one would be taken for the whole after a crash.
        if (existsSync(contentOf(directory))) {
          await removeDirectory(madeIn(directory));
          renameSync(contentOf(directory), madeIn(directory));
        }
        await removeDirectory(directory);
      });
    } finally {
      lock.release();
    }
  }
}

/** The directory of a cache whose lock is held, made of what it begins with where there is none. */
export async function openCache(
  session: BuildSession,
  mount: CacheMount,
  part: CopyPart | undefined,
): Promise<string> {
  const directory = directoryOf(session, mount.id);
  const content = contentOf(directory);
  if (existsSync(content)) return content;
  // Those who share it do not make it at the same time: what one has mounted, another would rename its own over.
  const making = join(directory, 'making');
  closeSync(openSync(making, 'a', 0o600));
  const lock = await waitForLock(nameFromText(making), 'exclusive', session.signal);
  try {
    if (!existsSync(content)) await makeContent(session, { directory, mount, part });
    return content;
  } finally {
    lock.release();
  }
}

/** For the one who makes it; what a crash leaves is gone at the next attempt. */
async function makeContent(
  session: BuildSession,
  {
    directory,
    mount,
    part,
  }: { readonly directory: string; readonly mount: CacheMount; readonly part: CopyPart | undefined },
): Promise<void> {
  const made = madeIn(directory);
  await removeDirectory(made);
  mkdirSync(made);
  await part?.open(async ([source]) => {
    if (source !== undefined) await copyTo(session, made, '/', source);
  });
  chownSync(made, mount.uid, mount.gid);
  chmodSync(made, mount.mode);
  renameSync(made, contentOf(directory));
}

function directoryOf({ store }: BuildSession, id: string): string {
  return join(store.cacheDirectory, mountsName, hashOf(id));
}

function contentOf(directory: string): string {
  return join(directory, 'content');
}

/** What is not a cache yet, or not any more. */
function madeIn(directory: string): string {
  return join(directory, 'new');
}
