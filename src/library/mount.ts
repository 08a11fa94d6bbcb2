/**
 * Mounting from a program: a server child for one mount, in a session of its own, so that it lives as long as
 * the mount, also when this process ends first. This process never serves a mount itself: it could not
 * touch the files in it without waiting for itself.
 */
import { fsError, FsError } from '../base/fs-error.ts';
import { asName, nameFromText, type Name } from '../base/name.ts';
import { directoryFacts } from '../os/directory-facts.ts';
import { startMountServer } from '../os/mount-server.ts';
import { findDirectoryXattr } from '../os/read-xattr.ts';
import type { ChildExit, ReportingChild } from '../os/reporting-child.ts';
import { HandledPlace } from './handled-place.ts';
import { optionArgument, type MountLayers, type MountTuning } from './mount-tuning.ts';

export interface MountRequest extends MountLayers {
  /** An existing directory. */
  readonly mountPoint: string;
  readonly options?: MountTuning;
  /** Lets the log have every request. */
  readonly debug?: boolean;
}

/** Counters since the mount began; more may come with later versions. */
export type MountStats = Readonly<Record<string, number>>;

export interface Mount {
  readonly mountPoint: string;
  /** The server's process id. */
  readonly pid: number;
  /**
   * Takes the mount off the tree and resolves when its server has written everything and ended. Throws
   * `FsError` with code EBUSY while somebody uses it; with `lazy` it goes off the tree at once and
   * resolves when the last user is gone. EBUSY, too, while something else is mounted over it. Resolves when it was
   * unmounted already, whatever is mounted there by now.
   */
  unmount(options?: { readonly lazy?: boolean }): Promise<void>;
  /** What the union did. Throws `FsError`: ENODATA where the mount is gone, EBUSY where something else is mounted over it. */
  stats(): Promise<MountStats>;
  /**
   * Resolves when the server has ended, however it did. Never rejects. Asking for it keeps this process
   * alive until then.
   */
  readonly exited: Promise<ChildExit>;
  /** The last messages of the server, but for those that came faster than this process could read them. */
  log(): string;
}

/**
 * Mounts layers. Resolves when the file system answers. Rejects with `UserError`, whose `message` is the
 * server's line, when it cannot be mounted; nothing is left behind then.
 *
 * A mount outlives this process unless it is unmounted; it does not keep this process alive.
 */
export async function mount(request: MountRequest): Promise<Mount> {
  const path = findRealPath(request.mountPoint);
  const child = await startMountServer({
    options: optionArgument(request, request.options ?? {}),
    mountPoint: request.mountPoint,
    debug: request.debug ?? false,
  });
  return mountHandle(child, request.mountPoint, path ?? nameFromText(request.mountPoint));
}

/** Before anything is mounted there; undefined where the server will say what is wrong. */
function findRealPath(mountPoint: string): Name | undefined {
  try {
    return directoryFacts(nameFromText(mountPoint)).realPath;
  } catch (thrown) {
    if (thrown instanceof FsError) return undefined;
    throw thrown;
  }
}

function mountHandle(child: ReportingChild, mountPoint: string, path: Name): Mount {
  const place = new HandledPlace(path);
  let exit: ChildExit | undefined;
  void child.exited.then((ended) => {
    exit = ended;
  });
  return {
    mountPoint,
    pid: child.pid,
    get exited() {
      child.ref();
      return child.exited;
    },
    log: () => child.errorOutput(),
    unmount: async (options = {}) => {
      // A server that was killed leaves its mount, which does not answer: what does is somebody else's by now.
      const isLeft = exit === undefined || (exit.code !== 0 && !(await place.isAnswering()));
      if (isLeft) place.unmount({ lazy: options.lazy ?? false });
      child.ref();
      await child.exited;
    },
    stats: async () => {
      const at = exit === undefined ? place.find() : undefined;
      const value = at === undefined ? undefined : await findDirectoryXattr(at, asName('user.strata.stats'));
      if (value === undefined) throw fsError('ENODATA', { syscall: 'getxattr', path: mountPoint });
      return JSON.parse(value.toString('latin1')) as MountStats;
    },
  };
}
