import { existsSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { nameFromText } from '../../../src/base/name.ts';
import { hashOf } from '../../../src/build/cache/step-key.ts';
import type { BuildSession } from '../../../src/build/execute/build-request.ts';
import { removeUnusedCaches } from '../../../src/build/execute/cache-mounts.ts';
import type { CopyPart } from '../../../src/build/execute/copy-parts.ts';
import { withRunMounts } from '../../../src/build/execute/mount-sources.ts';
import { parseRunMounts } from '../../../src/build/plan/run-mounts.ts';
import { tryLock } from '../../../src/os/lock.ts';
import { makeScratch } from '../../fixtures/mount.ts';
import { needs } from '../../fixtures/needs.ts';

/** `step` runs something with cache mounts, each an id and its sharing; it fails where it waits too long. */
function makeBench(test: Test) {
  const scratch = makeScratch(test);
  const store = { cacheDirectory: scratch.directory('cache'), scratch: scratch.directory('scratch') };
  const step = (
    caches: readonly string[],
    act: () => Promise<void> | void,
    part?: CopyPart,
  ): Promise<void> => {
    const session = { store, signal: AbortSignal.timeout(5000) } as unknown as BuildSession;
    const mounts = caches.map((cache, index) => {
      const [id = '', sharing = ''] = cache.split(' ');
      const text = `type=cache,id=${id},target=/${String(index)},sharing=${sharing}`;
      return { mount: parseRunMounts([text], (word) => word, '/')[0]!, part };
    });
    return withRunMounts(session, mounts, async (prepared) => {
      test.equal(prepared.mounts.length, caches.length);
      await act();
    });
  };
  const isFree = (id: string, mode: 'shared' | 'exclusive'): boolean => {
    const lock = tryLock(nameFromText(directoryOf(store.cacheDirectory, id)), mode);
    lock?.release();
    return lock !== undefined;
  };
  const contentOf = (id: string): string => join(directoryOf(store.cacheDirectory, id), 'content');
  return {
    ...{ step, isFree, cacheDirectory: store.cacheDirectory },
    inodeOf: (id: string): number => statSync(contentOf(id)).ino,
    isThere: (id: string): boolean => existsSync(contentOf(id)),
  };
}

function directoryOf(cacheDirectory: string, id: string): string {
  return join(cacheDirectory, 'mounts', hashOf(id));
}

// Each mount took a lock of its own, so that a step waited for itself.
t.test('a cache that a step mounts twice is locked once, the strictest way', needs('root'), async (t) => {
  const { step, isFree } = makeBench(t);
  for (const second of ['locked', 'private', 'shared']) {
    for (const caches of [
      ['x locked', `x ${second}`],
      [`x ${second}`, 'x locked'],
    ]) {
      await step(caches, () => {
        t.notOk(isFree('x', 'shared'), caches.join());
      });
      t.ok(isFree('x', 'exclusive'), 'and free afterwards');
    }
  }
  await step(['x shared', 'x shared'], () => {
    t.ok(isFree('x', 'shared'));
    t.notOk(isFree('x', 'exclusive'));
  });
});

t.test('two builds that want the same caches wait for each other by turns', needs('root'), async (t) => {
  const { step } = makeBench(t);
  const turns = Array.from({ length: 8 }, (_, index) =>
    step(index % 2 === 0 ? ['a locked', 'b locked'] : ['b locked', 'a locked'], () => undefined),
  );
  await t.resolves(Promise.all(turns));
});

// The second renamed its own over the first one's, which was empty and mounted already.
t.test('two builds that share a new cache have the same one', needs('root'), async (t) => {
  const { step, inodeOf } = makeBench(t);
  const seen: number[] = [];
  const note = (): void => {
    seen.push(inodeOf('x'));
  };
  const emptyAfter = (ms: number) =>
    ({ open: (act: (found: []) => unknown) => sleep(ms).then(() => act([])) }) as unknown as CopyPart;
  await Promise.all([50, 100].map((ms) => step(['x shared'], note, emptyAfter(ms))));
  t.strictSame(seen, [inodeOf('x'), inodeOf('x')]);
});

t.test(
  'what is pruned is what no step has, and a step that waits has one of its own',
  needs('root'),
  async (t) => {
    const { step, cacheDirectory, isThere } = makeBench(t);
    await removeUnusedCaches(cacheDirectory);
    let next: Promise<void> = Promise.resolve();
    await step(['idle shared'], () => undefined);
    await step(['used shared'], async () => {
      next = step(['used locked'], () => {
        t.ok(isThere('used'));
      });
      await removeUnusedCaches(cacheDirectory);
      t.ok(isThere('used'));
      t.notOk(isThere('idle'));
    });
    await next;
    const lock = tryLock(nameFromText(directoryOf(cacheDirectory, 'used')));
    const late = step(['used locked'], () => {
      t.ok(isThere('used'), 'it was taken away while somebody waited for it');
    });
    await sleep(100);
    rmSync(directoryOf(cacheDirectory, 'used'), { recursive: true });
    lock?.release();
    await late;
  },
);
