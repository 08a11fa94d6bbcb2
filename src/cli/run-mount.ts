/**
 * One mount from its options to its end. Every step that leaves something behind puts its undoing on a
 * stack first, so a mount that fails at any step leaves neither a mount nor a lock nor a process.
 */
import { isFsError } from '../base/fs-error.ts';
import type { Fd } from '../base/ids.ts';
import type { Log } from '../base/log.ts';
import { nameToText, type Name } from '../base/name.ts';
import { UserError } from '../base/user-error.ts';
import { hasCapSysAdminInFirstNamespace } from '../os/capability.ts';
import { MS_RDONLY } from '../os/constants.ts';
import { trySetPropagation, type FuseMountOptions } from '../os/mount.ts';
import { hasSelinux } from '../os/selinux.ts';
import { findDetachedConnection, mountAtOnce } from './connect.ts';
import { fitFormat } from './fit-format.ts';
import { checkLayers, checkMountPoint } from './mount-checks.ts';
import type { LayerPaths, MountSpec } from './mount-spec.ts';
import { MountedPlace } from './mounted-place.ts';
import type { Parts, Session } from './parts.ts';
import { resolveDoor } from './resolve-door.ts';
import { resolveFormat } from './resolve-format.ts';
import { lockUpper, type UpperLock } from './upper-lock.ts';

export interface RunningMount {
  /** Resolves when everything is unmounted, written and given back. Rejects when that failed. */
  readonly ended: Promise<void>;
  /** Unmounts: at once when nobody uses it, else when the last one stops using it. A second call does not wait for that. */
  unmount(): void;
}

/**
 * Resolves once the mount answers. UserError where it cannot be, and the reason of `signal` when that is
 * aborted before, with nothing left behind.
 */
export async function startMount(
  spec: MountSpec,
  parts: Parts,
  log: Log,
  signal: AbortSignal,
): Promise<RunningMount> {
  const undo: (() => unknown)[] = [];
  try {
    signal.throwIfAborted();
    const mountPoint = checkMountPoint(spec.mountPoint).realPath;
    const layers = checkLayers(spec.layers);
    const privileged = hasCapSysAdminInFirstNamespace();
    const format = resolveFormat(spec.format, layers, privileged);
    const door = resolveDoor(spec.door, {
      privileged,
      coherence: format.coherence,
      hasUpper: layers.upper !== undefined,
      readOnly: isReadOnly(spec),
      acl: format.acl,
    });
    const layersChange = door.timeoutSec !== undefined;
    const lock = await lockOf(layers, signal);
    undo.push(() => lock?.release());
    const fileSystem = await parts.createEngine({
      layers,
      format: fitFormat(format, { given: spec.format, layers, privileged, log }),
      identity: spec.identity,
      layersChange,
      mountFlags: spec.mount.set,
      log,
    });
    undo.push(() => fileSystem.close());
    const options = mountOptions(spec, mountPoint);
    const { debug } = spec;
    const whenReady = (session: Session): Promise<Session> => {
      undo.push(() => {
        session.stop();
      });
      return Promise.race([session.ready, abortOf(signal)]).then(() => session);
    };
    const serve = (device: Fd, mountDevice: MountDevice): Promise<Session> =>
      whenReady(parts.serve({ device, mountDevice, fileSystem, door, debug, log }));
    const mountAndServe = (mountDevice: MountDevice): Session =>
      parts.serveByLibfuse({ mount: options, mountDevice, fileSystem, door, debug, log });
    const { session, place } =
      door.door === 'libfuse'
        ? await bringUpByLibfuse(options, { mountAndServe, whenReady, undo })
        : await bringUp(options, serve, undo);
    if (place.device !== undefined) lock?.recordMount(place.device, { ...spec, layers });
    const { propagation } = spec.mount;
    if (propagation !== undefined && !trySetPropagation(mountPoint, propagation)) {
      log.warn('this user cannot say how the mount spreads to other mount namespaces');
    }
    return runningMount(session, { place, log, finish: () => finish(() => fileSystem.close(), lock) });
  } catch (thrown) {
    for (const step of undo.reverse()) await attempt(step, log);
    throw explained(thrown);
  }
}

type MountDevice = () => string | undefined;

interface Served {
  readonly session: Session;
  readonly place: MountedPlace;
}

/** A mount on the tree that answers. `serve` resolves when it does. */
async function bringUp(
  options: FuseMountOptions,
  serve: (device: Fd, mountDevice: MountDevice) => Promise<Session>,
  undo: (() => unknown)[],
): Promise<Served> {
  const onTree = (): MountedPlace => placeOnTree(options.target, undo);
  const detached = findDetachedConnection(options);
  if (detached !== undefined) {
    let place: MountedPlace | undefined;
    undo.push(() => {
      detached.close();
    });
    const session = await serve(detached.device, () => place?.device);
    if (detached.attach(options.target)) {
      place = onTree();
      return { session, place };
    }
    session.stop();
    detached.close();
  }
  const device = mountAtOnce(options);
  const place = onTree();
  return { session: await serve(device, () => place.device), place };
}

function placeOnTree(target: Name, undo: (() => unknown)[]): MountedPlace {
  const made = new MountedPlace(target);
  undo.push(() => {
    made.unmount();
  });
  return made;
}

interface LibfuseSteps {
  readonly mountAndServe: (mountDevice: MountDevice) => Session;
  readonly whenReady: (session: Session) => Promise<Session>;
  readonly undo: (() => unknown)[];
}

/** The same by libfuse, which mounts by itself, and on the tree from the beginning. */
async function bringUpByLibfuse(
  { target }: FuseMountOptions,
  { mountAndServe, whenReady, undo }: LibfuseSteps,
): Promise<Served> {
  let place: MountedPlace | undefined = undefined;
  const session = mountAndServe(() => place?.device);
  place = placeOnTree(target, undo);
  return { session: await whenReady(session), place };
}

async function lockOf({ upper, work }: LayerPaths, signal: AbortSignal): Promise<UpperLock | undefined> {
  return upper === undefined || work === undefined ? undefined : lockUpper({ upper, work, signal });
}

/** Rejects with the reason of `signal` once that is aborted, or at once. */
function abortOf(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const abort = (): void => {
      reject(signal.reason as Error);
    };
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort);
  });
}

function isReadOnly(spec: MountSpec): boolean {
  return spec.layers.upper === undefined || (spec.mount.set & MS_RDONLY) !== 0;
}

function mountOptions(spec: MountSpec, target: Name): FuseMountOptions {
  const isRoot = process.geteuid?.() === 0;
  return {
    target,
    source: spec.mount.source,
    subtype: nameToText(spec.mount.subtype),
    flags: spec.mount.set | (isReadOnly(spec) ? MS_RDONLY : 0),
    // Root mounts for everybody, as every other file system does; the kernel checks permissions. But libfuse's door
    // does not know who asks, and gives what others create to the owner of the mount.
    allowOther: spec.mount.allowOther || (isRoot && spec.door.door === 'kernel'),
    defaultPermissions: true,
    dataOptions: [
      ...(spec.mount.maxRead === undefined ? [] : [`max_read=${String(spec.mount.maxRead)}`]),
      ...(hasSelinux() ? spec.mount.labels : []),
    ],
  };
}

interface MountEnding {
  readonly place: MountedPlace;
  readonly log: Log;
  finish(): Promise<void>;
}

function runningMount(session: Session, ending: MountEnding): RunningMount {
  let asked = false;
  let isOver = false;
  const unmount = (): void => {
    // Its end may have been told together with what asks for it, and the numbers of its mount be those of another by now.
    if (isOver) return;
    try {
      if (ending.place.unmount()) return;
    } catch (thrown) {
      ending.log.warn(`unmounting failed (${String(thrown)}), the connection is ended instead`);
    }
    // Out of reach; ending the connection ends the mount in any case.
    session.stop();
  };
  return {
    ended: endOf(
      session.ended.finally(() => {
        isOver = true;
      }),
      ending.place,
      () => asked,
    ).finally(() => ending.finish()),
    unmount: () => {
      if (asked) session.stop();
      else setImmediate(unmount);
      asked = true;
    },
  };
}

/**
 * A connection that broke, or was ended by the kernel (`umount -f` on a busy mount, an abort by
 * /sys/fs/fuse/connections), leaves a mount on which everything fails: it is taken away.
 */
async function endOf(
  sessionEnded: Promise<void>,
  place: MountedPlace,
  isAsked: () => boolean,
): Promise<void> {
  try {
    await sessionEnded;
  } catch (thrown) {
    place.unmount();
    throw thrown;
  }
  if (!(await staysDead(place))) return;
  place.unmount();
  if (isAsked()) return;
  throw new UserError('aborted', 'the connection with the kernel was ended from outside', {
    hint: 'the mount is taken away, mount again',
  });
}

/** `umount -f` ends the connection a moment before it takes the mount off. */
async function staysDead(place: MountedPlace): Promise<boolean> {
  for (let tries = 0; tries < 10; tries++) {
    if (!(await place.isDead())) return false;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return place.isDead();
}

async function finish(close: () => Promise<void>, lock: UpperLock | undefined): Promise<void> {
  lock?.recordEnd();
  try {
    await close();
  } finally {
    lock?.release();
  }
}

async function attempt(step: () => unknown, log: Log): Promise<void> {
  try {
    await step();
  } catch (thrown) {
    log.debug(`undoing a failed mount: ${String(thrown)}`);
  }
}

/** What the system refused, where no check foresaw it. */
function explained(thrown: unknown): unknown {
  if (isFsError(thrown, 'EPERM') || isFsError(thrown, 'EACCES')) {
    return new UserError('no-permission', `mounting is not permitted (${thrown.message})`, {
      hint: 'mount as root, or in a user namespace of your own (podman unshare)',
      cause: thrown,
    });
  }
  return thrown;
}
