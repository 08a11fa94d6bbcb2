/**
 * What each mount option means, as one table. Options of the mount itself do what they say; those that
 * clients of other union mounts pass and that mean nothing here are taken in silence (`ignored-options.ts`); one
 * that nobody knows is an error, since an option that is ignored is a wish that is not met.
 */
import type { Name } from '../base/name.ts';
import { flagOptions, propagationOptions } from './flag-options.ts';
import { isIgnored } from './ignored-options.ts';
import type { Automatic, DoorName, FormatOptions, IdentityOptions } from './mount-spec.ts';
import { OptionValue } from './mount-option-value.ts';
import { splitLowerPaths, splitOptions } from '../os/option-list.ts';

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** What the options say, before defaults; filled option by option, a later one wins. */
export interface MountOptions {
  lower: Name[];
  dataOnly: Name[];
  upper: Name | undefined;
  work: Name | undefined;
  readonly format: Writable<FormatOptions>;
  readonly identity: Writable<IdentityOptions>;
  door: DoorName;
  passthrough: Automatic;
  lowLatency: Automatic;
  timeoutSec: number | undefined;
  writeback: boolean;
  maxWrite: number | undefined;
  /** Only the flags of a mount that is there. */
  remount: boolean;
  setFlags: number;
  clearedFlags: number;
  propagation: number | undefined;
  labels: Name[];
  maxRead: number | undefined;
  allowOther: boolean;
  source: Name | undefined;
  subtype: Name | undefined;
  shared: boolean;
  debug: boolean;
  log: Name | undefined;
}

export function noOptions(): MountOptions {
  return {
    lower: [],
    dataOnly: [],
    upper: undefined,
    work: undefined,
    format: {
      metacopy: undefined,
      redirectDir: undefined,
      index: undefined,
      xino: undefined,
      userxattr: undefined,
      volatile: false,
      fsync: true,
      coherence: 'strict',
      whiteout: 'auto',
      staticNlink: false,
      shortInodes: false,
      acl: true,
      xattrs: true,
    },
    identity: {
      uidRanges: [],
      gidRanges: [],
      squashToRoot: false,
      squashToUid: undefined,
      squashToGid: undefined,
      permissions: 0,
    },
    door: 'kernel',
    passthrough: 'auto',
    lowLatency: 'auto',
    timeoutSec: undefined,
    writeback: true,
    maxWrite: undefined,
    remount: false,
    setFlags: 0,
    clearedFlags: 0,
    propagation: undefined,
    labels: [],
    maxRead: undefined,
    allowOther: false,
    source: undefined,
    subtype: undefined,
    shared: false,
    debug: false,
    log: undefined,
  };
}

/**
 * Adds one `-o` argument (latin1) to `options`, and answers the names of those that nobody knows. UserError
 * `bad-option` (a value that is not one of its values, or is missing) or `unsupported-option`.
 */
export function addOptions(options: MountOptions, list: string): string[] {
  const unknown: string[] = [];
  for (const { name, value } of splitOptions(list)) {
    const act = acts[name];
    if (act !== undefined) act(options, new OptionValue(name, value));
    else if (!isIgnored(name)) unknown.push(name);
  }
  return unknown;
}

type Act = (options: MountOptions, value: OptionValue) => void;

const layerActs: Record<string, Act> = {
  lowerdir: (options, value) => {
    const paths = splitLowerPaths(value.text);
    if (paths === undefined) throw value.bad('it takes TOP:...:BOTTOM, and data-only layers last: ...::DATA');
    options.lower = [...paths.lower];
    options.dataOnly = [...paths.dataOnly];
  },
  'lowerdir+': (options, value) => {
    options.lower.push(value.path);
  },
  'datadir+': (options, value) => {
    options.dataOnly.push(value.path);
  },
  upperdir: (options, value) => {
    options.upper = value.path;
  },
  workdir: (options, value) => {
    options.work = value.path;
  },
};

const formatActs: Record<string, Act> = {
  metacopy: (options, value) => {
    options.format.metacopy = value.onOff;
  },
  redirect_dir: (options, value) => {
    options.format.redirectDir = value.oneOf('on', 'off', 'follow', 'nofollow');
  },
  index: (options, value) => {
    options.format.index = value.onOff;
  },
  xino: (options, value) => {
    options.format.xino = value.oneOf('on', 'off', 'auto');
  },
  userxattr: (options, value) => {
    value.alone();
    options.format.userxattr = true;
  },
  volatile: (options, value) => {
    value.alone();
    options.format.volatile = true;
  },
  fsync: (options, value) => {
    options.format.fsync = value.yesNo;
  },
  static_nlink: (options, value) => {
    value.alone();
    options.format.staticNlink = true;
  },
  ino32_t: (options, value) => {
    value.alone();
    options.format.shortInodes = true;
  },
  acl: (options, value) => {
    value.alone();
    options.format.acl = true;
  },
  noacl: (options, value) => {
    value.alone();
    options.format.acl = false;
  },
  noxattrs: (options, value) => {
    options.format.xattrs = !value.wish;
  },
  coherence: (options, value) => {
    options.format.coherence = value.oneOf('strict', 'relaxed');
  },
  whiteout: (options, value) => {
    options.format.whiteout = value.oneOf('auto', 'overlay', 'aufs');
  },
  nfs_export: (_, value) => {
    if (value.onOff) throw value.unsupported('leave it out, or say nfs_export=off');
  },
  verity: (_, value) => {
    if (value.oneOf('off', 'on', 'require') !== 'off')
      throw value.unsupported('leave it out, or say verity=off');
  },
  uuid: (_, value) => {
    value.oneOf('on', 'off', 'auto', 'null');
  },
  plugins: (_, value) => {
    throw value.impossible(
      'plugins are libraries for fuse-overlayfs alone: bring the layer to a directory first, or mount with fuse-overlayfs',
    );
  },
};

const identityActs: Record<string, Act> = {
  uidmapping: (options, value) => {
    options.identity.uidRanges = value.idRanges;
  },
  gidmapping: (options, value) => {
    options.identity.gidRanges = value.idRanges;
  },
  squash_to_root: (options, value) => {
    value.alone();
    options.identity.squashToRoot = true;
  },
  squash_to_uid: (options, value) => {
    options.identity.squashToUid = value.id;
  },
  squash_to_gid: (options, value) => {
    options.identity.squashToGid = value.id;
  },
  xattr_permissions: (options, value) => {
    options.identity.permissions = Number(value.oneOf('0', '1', '2')) as 0 | 1 | 2;
  },
};

const doorActs: Record<string, Act> = {
  passthrough: (options, value) => {
    options.passthrough = value.oneOf('on', 'off', 'auto');
  },
  low_latency: (options, value) => {
    options.lowLatency = value.oneOf('on', 'off', 'auto');
  },
  door: (options, value) => {
    options.door = value.oneOf('kernel', 'libfuse');
  },
  writeback: (options, value) => {
    options.writeback = value.wish;
  },
  max_write: (options, value) => {
    options.maxWrite = value.size;
  },
  max_read: (options, value) => {
    options.maxRead = value.size;
  },
  timeout: (options, value) => {
    options.timeoutSec = value.seconds;
  },
  // Without a value mount(8) and podman take it for their own, about propagation, and hand on nothing.
  shared: (options, value) => {
    options.shared = value.wish;
  },
  debug: (options) => {
    options.debug = true;
  },
  log: (options, value) => {
    options.log = value.path;
  },
};

const mountActs: Record<string, Act> = {
  ...Object.fromEntries(
    Object.entries(flagOptions).map(([name, [set, cleared]]): [string, Act] => [
      name,
      (options, value) => {
        // What fuse-overlayfs 2 calls fsync, too.
        if (name === 'sync' && value.hasValue) {
          options.format.fsync = value.yesNo;
          return;
        }
        value.alone();
        options.setFlags = (options.setFlags & ~cleared) | set;
        options.clearedFlags = (options.clearedFlags & ~set) | cleared;
      },
    ]),
  ),
  ...Object.fromEntries(
    Object.entries(propagationOptions).map(([name, propagation]): [string, Act] => [
      name,
      (options, value) => {
        value.alone();
        options.propagation = propagation;
      },
    ]),
  ),
  ...Object.fromEntries(
    ['context', 'fscontext', 'defcontext', 'rootcontext'].map((name): [string, Act] => [
      name,
      (options, value) => {
        options.labels = [...options.labels.filter((one) => !one.startsWith(`${name}=`)), value.whole];
      },
    ]),
  ),
  allow_other: (options) => {
    options.allowOther = true;
  },
  remount: (options, value) => {
    value.alone();
    options.remount = true;
  },
  allow_root: (_, value) => {
    throw value.impossible(
      'names are cached by the kernel, so nobody can be kept out by it: put the mount into a directory that only its owner may enter',
    );
  },
  auto_unmount: (_, value) => {
    throw value.impossible('leave it out: a mount whose server has died goes with umount MOUNTPOINT');
  },
  fsname: (options, value) => {
    options.source = value.path;
  },
  subtype: (options, value) => {
    options.subtype = value.path;
  },
};

const acts: Readonly<Record<string, Act>> = Object.assign(Object.create(null) as Record<string, Act>, {
  ...layerActs,
  ...formatActs,
  ...identityActs,
  ...doorActs,
  ...mountActs,
});
