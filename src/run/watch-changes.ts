/**
 * Waiting for the next change of a file or directory, which inotify(7) tells. A user has few of its instances (128, unless
 * the machine says otherwise), so where there is none one looks now and then.
 */
import { watch, type FSWatcher } from 'node:fs';

export interface Changes {
  /** Resolves at the next change, or when it is time to look anyway, or at `close`. */
  readonly next: () => Promise<void>;
  readonly close: () => void;
}

/** How often one looks where nobody tells. */
const usualGlanceMs = 1000;

/** `glanceMs`: it is time to look after so long, whoever tells. */
export function watchChanges(path: string, glanceMs?: number): Changes {
  const watcher = findWatcher(path);
  const limitMs = glanceMs ?? (watcher === undefined ? usualGlanceMs : undefined);
  let pending: Pending | undefined;
  const wake = (): void => {
    pending?.resolve();
    pending = undefined;
  };
  watcher?.on('change', wake).on('error', wake);
  return {
    next: () => {
      pending ??= beginPending(limitMs, wake);
      return pending.promise;
    },
    close: () => {
      watcher?.close();
      wake();
    },
  };
}

interface Pending {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
}

function beginPending(limitMs: number | undefined, wake: () => void): Pending {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((done) => {
    const timer = limitMs === undefined ? undefined : setTimeout(wake, limitMs);
    resolve = () => {
      clearTimeout(timer);
      done();
    };
  });
  return { promise, resolve };
}

/** Undefined where the kernel, or this user, has none left. */
function findWatcher(path: string): FSWatcher | undefined {
  try {
    return watch(path);
  } catch {
    return undefined;
  }
}
