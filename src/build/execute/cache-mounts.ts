/**
 * The caches of `RUN --mount=type=cache`: directories of the data root, one for each id, that outlast builds. Who does
 * not share one waits for the others.
 */
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { join } from 'node:path';
import { nameFromText } from '../../base/name.ts';
import { waitForLock, type Lock, type LockMode } from '../../os/lock.ts';
import { hashOf } from '../cache/step-key.ts';
import type { CacheMount } from '../plan/run-mounts.ts';
import type { BuildSession } from './build-request.ts';
import type { CopyPart } from './copy-parts.ts';
import { copyTo } from './private-copy.ts';

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
      mkdirSync(directory, { recursive: true, mode: 0o700 });
      const mode = modes.get(directory) ?? 'exclusive';
      locks.push(await waitForLock(nameFromText(directory), mode, session.signal));
    }
    return await act();
  } finally {
    for (const lock of locks) lock.release();
  }
}

/** The directory of a cache whose lock is held, made of what it begins with where there is none. */
export async function openCache(
  session: BuildSession,
  mount: CacheMount,
  part: CopyPart | undefined,
): Promise<string> {
  const directory = directoryOf(session, mount.id);
  const content = join(directory, 'content');
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
  const made = join(directory, 'new');
  rmSync(made, { recursive: true, force: true });
  mkdirSync(made);
  await part?.open(async ([source]) => {
    if (source !== undefined) await copyTo(session, made, '/', source);
  });
  chownSync(made, mount.uid, mount.gid);
  chmodSync(made, mount.mode);
  renameSync(made, join(directory, 'content'));
}

function directoryOf({ store }: BuildSession, id: string): string {
  return join(store.cacheDirectory, 'mounts', hashOf(id));
}
