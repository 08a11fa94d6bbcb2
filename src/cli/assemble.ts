/**
 * The one place where the engine meets the door. What a process has once, however many mounts are in it, is made
 * here: the wish for processors that stay awake, the collector of garbage, the number of descriptors.
 */
import type { Name } from '../base/name.ts';
import { UserError } from '../base/user-error.ts';
import { MountPoints } from '../fuse/kernel/mount-points.ts';
import { maxWrite, requestRoom } from '../fuse/kernel/negotiate.ts';
import { Session } from '../fuse/kernel/session.ts';
import { TracedChannel } from '../fuse/kernel/traced-channel.ts';
import { LibfuseSession } from '../fuse/libfuse/session.ts';
import { overridesModes } from '../os/capability.ts';
import { divideWish, findCpuLatency, wakesSlowly, type WishNoLatency } from '../os/cpu-latency.ts';
import { createCollector } from '../os/heap.ts';
import { findIdmapped } from '../os/idmapped-mount.ts';
import { findDetachedClone } from '../os/mount.ts';
import { readMounts, type MountEntry } from '../os/mountinfo.ts';
import { descriptorUse } from '../os/own-process.ts';
import { RealChannel } from '../os/real-channel.ts';
import { RealFs } from '../os/real-fs.ts';
import { DescriptorShare } from '../union/descriptor-share.ts';
import type { UnionFeatures } from '../union/features.ts';
import { IdMaps } from '../union/id-map.ts';
import { openUnion } from '../union/open-union.ts';
import { openLayerSystem } from './layer-system.ts';
import type { FileSystem } from '../vfs/file-system.ts';
import type { Automatic } from './mount-spec.ts';
import type { EngineOptions, Parts, ServeOptions, Session as Served } from './parts.ts';
import type { ResolvedFormat } from './resolve-format.ts';
import { findIdentityRules } from './resolve-identity.ts';
import { settleUpper } from './settle-upper.ts';

/** The parts of all mounts of this process. */
export function createParts(): Parts {
  // Half of the descriptors are for what cannot be closed: layers, connections.
  const share = new DescriptorShare(descriptorUse().most / 2);
  const once: Once = { collect: createCollector(), findWish: createWishes() };
  return {
    createEngine: (options) => createEngine(options, share),
    serve: (options) => serve(options, once),
    serveByLibfuse: ({ mount, mountDevice, fileSystem, door, debug, log }) =>
      new LibfuseSession(fileSystem, { mount, mountDevice, timeoutSec: door.timeoutSec, debug, log }),
    settle: settleUpper,
  };
}

/** What all sessions of a process use. */
interface Once {
  readonly collect: () => void;
  /** undefined where it cannot be wished that processors stay awake. */
  readonly findWish: () => WishNoLatency | undefined;
}

function createEngine(options: EngineOptions, share: DescriptorShare): FileSystem {
  const { layers, format, identity, layersChange, mountFlags, log } = options;
  const rules = findIdentityRules(identity);
  const ids = rules === undefined ? undefined : new IdMaps(rules);
  const source = {
    lowers: layers.lower,
    dataLayers: layers.dataOnly,
    upper:
      layers.upper === undefined || layers.work === undefined
        ? undefined
        : { dir: layers.upper, work: layers.work },
  };
  const { fs, onLayer, ownersApart } = openLayerSystem(layers, identity.permissions);
  const maps = ids === undefined || ids.isSquashed ? undefined : { ids, mounts: readMounts() };
  return openUnion(source, {
    fs,
    onLayer,
    log,
    features: { ...featuresOf(format), layersChange: layersChange ?? false, ownersApart },
    share,
    ids,
    unprivileged: !overridesModes(),
    clone: (path, readOnly) => {
      const plain = readOnly && maps !== undefined ? findUnmappedPath(path, maps) : undefined;
      return findDetachedClone(plain ?? path, { readOnly, flags: mountFlags ?? 0 });
    },
  }).union;
}

/**
 * Where a lower layer is an idmapped mount, and its map does what ours is asked to do: podman arranges both for
 * one container. Then owners are read below that mount, or they would be mapped twice, and be nobody's.
 */
function findUnmappedPath(
  path: Name,
  { ids, mounts }: { readonly ids: IdMaps; readonly mounts: readonly MountEntry[] },
): Name | undefined {
  const found = findIdmapped(path, mounts);
  if (found === undefined) return undefined;
  const { mapped, onDisk } = found;
  const isSameMap = ids.users.shown(onDisk.uid) === mapped.uid && ids.groups.shown(onDisk.gid) === mapped.gid;
  return isSameMap ? onDisk.path : undefined;
}

function featuresOf(format: ResolvedFormat): UnionFeatures {
  return {
    userxattr: format.userxattr,
    metacopy: format.metacopy,
    redirectDir: format.redirectDir,
    index: format.index,
    sync: format.fsync,
    volatile: format.volatile,
    aufs: format.whiteout !== 'overlay',
    plainInodes: format.xino === 'off',
    shortInodes: format.shortInodes,
    staticNlink: format.staticNlink,
    noAcls: !format.acl,
    noXattrs: !format.xattrs,
  };
}

function serve(options: ServeOptions, once: Once): Served {
  // What the channel answers by itself could not be traced.
  const channel = new RealChannel(options.device, {
    bufferSize: maxWrite + requestRoom,
    repeats: !options.debug,
  });
  try {
    return serveOn(channel, options, once);
  } catch (thrown) {
    channel.close();
    throw thrown;
  }
}

function serveOn(real: RealChannel, options: ServeOptions, { collect, findWish }: Once): Served {
  const { mountDevice, fileSystem, door, debug, log } = options;
  const channel = debug ? new TracedChannel(real, log) : real;
  const mountPoints = new MountPoints(new RealFs(), mountDevice);
  const session = new Session(fileSystem, channel, {
    ...door,
    log,
    isMountPoint: (paths) => mountPoints.hasAny(paths),
    collect,
    stayAwake: stayAwakeFor(door.lowLatency, findWish),
  });
  const { ready, ended } = session.start();
  return {
    ready,
    ended,
    stop: () => {
      session.stop();
    },
  };
}

/** The device is opened for the first mount that wants it. */
function createWishes(): () => WishNoLatency | undefined {
  let divided: (() => WishNoLatency) | undefined;
  return () => {
    if (divided === undefined) {
      const wish = findCpuLatency();
      if (wish !== undefined) divided = divideWish(wish);
    }
    return divided?.();
  };
}

function stayAwakeFor(
  lowLatency: Automatic,
  findWish: () => WishNoLatency | undefined,
): WishNoLatency | undefined {
  if (lowLatency === 'off' || (lowLatency === 'auto' && !wakesSlowly())) return undefined;
  const wish = findWish();
  if (wish === undefined && lowLatency === 'on') {
    throw new UserError('no-low-latency', 'low_latency=on: /dev/cpu_dma_latency cannot be written', {
      hint: 'mount as root, or leave the option out',
    });
  }
  return wish;
}
