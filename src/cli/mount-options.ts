/**
 * What each mount option means, as one table. Options of the mount itself do what they say; those that
 * clients of other union mounts pass and that mean nothing here are taken in silence; one that nobody
 * knows is an error, since an option that is ignored is a wish that is not met.
 */
import type { Name } from '../base/name.ts';
import { UserError } from '../base/user-error.ts';
import * as os from '../os/constants.ts';
import { findId, parseIdMapping } from './id-mapping.ts';
import type { Automatic, FormatOptions, IdentityOptions } from './mount-spec.ts';
import type { IdRange } from '../union/id-map.ts';
import { splitLowerPaths, splitOptions, unescape } from '../os/option-list.ts';

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** What the options say, before defaults; filled option by option, a later one wins. */
export interface MountOptions {
  lower: Name[];
  dataOnly: Name[];
  upper: Name | undefined;
  work: Name | undefined;
  readonly format: Writable<FormatOptions>;
  readonly identity: Writable<IdentityOptions>;
  passthrough: Automatic;
  lowLatency: Automatic;
  timeoutSec: number | undefined;
  setFlags: number;
  clearedFlags: number;
  allowOther: boolean;
  source: Name | undefined;
  subtype: Name | undefined;
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
    },
    identity: {
      uidRanges: [],
      gidRanges: [],
      squashToRoot: false,
      squashToUid: undefined,
      squashToGid: undefined,
    },
    passthrough: 'auto',
    lowLatency: 'auto',
    timeoutSec: undefined,
    setFlags: 0,
    clearedFlags: 0,
    allowOther: false,
    source: undefined,
    subtype: undefined,
    debug: false,
    log: undefined,
  };
}

/**
 * Adds one `-o` argument (latin1) to `options`. UserError `unknown-option`, `bad-option` (a value that is not
 * one of its values, or is missing) or `unsupported-option`.
 */
export function addOptions(options: MountOptions, list: string): void {
  for (const { name, value } of splitOptions(list)) {
    const act = acts[name];
    if (act !== undefined) act(options, new OptionValue(name, value));
    else if (!isIgnored(name)) {
      throw new UserError('unknown-option', `unknown mount option '${name}'`, {
        hint: 'stratafs -h names the options there are',
      });
    }
  }
}

type Act = (options: MountOptions, value: OptionValue) => void;

/** The value of one option, with the errors that name it. */
class OptionValue {
  readonly #name: string;
  readonly #value: string | undefined;

  constructor(name: string, value: string | undefined) {
    this.#name = name;
    this.#value = value;
  }

  get text(): string {
    if (this.#value === undefined || this.#value === '') throw this.bad('it needs a value');
    return this.#value;
  }

  get path(): Name {
    return unescape(this.text);
  }

  get onOff(): boolean {
    return this.oneOf('on', 'off') === 'on';
  }

  get seconds(): number {
    const number = Number(this.text);
    if (!/^[\d.]+$/.test(this.text) || !Number.isFinite(number))
      throw this.bad('it takes a number of seconds');
    return number;
  }

  get id(): number {
    const id = findId(this.text);
    if (id === undefined) throw this.bad('it takes the number of a user or group');
    return id;
  }

  /** May be empty. */
  get idRanges(): readonly IdRange[] {
    const ranges = parseIdMapping(this.#value ?? '');
    if (typeof ranges === 'string') throw this.bad(ranges);
    return ranges;
  }

  oneOf<Choice extends string>(...choices: readonly Choice[]): Choice {
    const found = choices.find((choice) => choice === this.text);
    if (found === undefined) throw this.bad(`it takes ${choices.join(', ')}`);
    return found;
  }

  /** An option that is there or not; a value would be a wish for something else. */
  alone(): void {
    if (this.#value !== undefined) throw this.bad('it takes no value');
  }

  bad(hint: string): UserError {
    const shown = this.#value === undefined ? this.#name : `${this.#name}=${this.#value}`;
    return new UserError('bad-option', `bad mount option '${shown}'`, { hint });
  }

  unsupported(hint: string): UserError {
    return new UserError('unsupported-option', `mount option '${this.#name}' is not supported yet`, { hint });
  }
}

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
    options.format.fsync = ['on', '1'].includes(value.oneOf('on', 'off', '1', '0'));
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
  // Owners and modes that stand in attributes (override_stat): without them every file would have wrong ones.
  xattr_permissions: (_, value) => {
    if (value.oneOf('0', '1', '2') !== '0') {
      throw value.unsupported('mount without it, on layers whose owners and modes are right as they are');
    }
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
};

const doorActs: Record<string, Act> = {
  passthrough: (options, value) => {
    options.passthrough = value.oneOf('on', 'off', 'auto');
  },
  low_latency: (options, value) => {
    options.lowLatency = value.oneOf('on', 'off', 'auto');
  },
  door: (_, value) => {
    if (value.oneOf('kernel', 'libfuse') === 'libfuse') throw value.unsupported('say door=kernel');
  },
  timeout: (options, value) => {
    options.timeoutSec = value.seconds;
  },
  debug: (options) => {
    options.debug = true;
  },
  log: (options, value) => {
    options.log = value.path;
  },
};

/** Option: the flags of mount(2) that it sets, and those that it takes away. */
const flagOptions: Readonly<Record<string, readonly [set: number, cleared: number]>> = {
  ro: [os.MS_RDONLY, 0],
  rw: [0, os.MS_RDONLY],
  nosuid: [os.MS_NOSUID, 0],
  suid: [0, os.MS_NOSUID],
  nodev: [os.MS_NODEV, 0],
  dev: [0, os.MS_NODEV],
  noexec: [os.MS_NOEXEC, 0],
  exec: [0, os.MS_NOEXEC],
  sync: [os.MS_SYNCHRONOUS, 0],
  async: [0, os.MS_SYNCHRONOUS],
  dirsync: [os.MS_DIRSYNC, 0],
  noatime: [os.MS_NOATIME, os.MS_RELATIME | os.MS_STRICTATIME],
  atime: [0, os.MS_NOATIME],
  nodiratime: [os.MS_NODIRATIME, 0],
  diratime: [0, os.MS_NODIRATIME],
  relatime: [os.MS_RELATIME, os.MS_NOATIME | os.MS_STRICTATIME],
  norelatime: [0, os.MS_RELATIME],
  strictatime: [os.MS_STRICTATIME, os.MS_NOATIME | os.MS_RELATIME],
  nostrictatime: [0, os.MS_STRICTATIME],
  lazytime: [os.MS_LAZYTIME, 0],
  nolazytime: [0, os.MS_LAZYTIME],
  nosymfollow: [os.MS_NOSYMFOLLOW, 0],
  symfollow: [0, os.MS_NOSYMFOLLOW],
};

const mountActs: Record<string, Act> = {
  ...Object.fromEntries(
    Object.entries(flagOptions).map(([name, [set, cleared]]): [string, Act] => [
      name,
      (options, value) => {
        value.alone();
        options.setFlags = (options.setFlags & ~cleared) | set;
        options.clearedFlags = (options.clearedFlags & ~set) | cleared;
      },
    ]),
  ),
  allow_other: (options) => {
    options.allowOther = true;
  },
  remount: (_, value) => {
    throw value.unsupported(
      'mount(8) changes flags of the mount by itself: mount -i -o remount,ro MOUNTPOINT',
    );
  },
  allow_root: (_, value) => {
    throw value.unsupported('allow_other lets root in, and all others');
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

/**
 * Known from fuse-overlayfs, libfuse, mount(8) and fstab(5), without a meaning here: they tune an
 * implementation, ask for what is so anyway, or are meant for mount(8).
 */
const ignored: ReadonlySet<string> = new Set([
  ...['threaded', 'fast_ino', 'ino32_t', 'static_nlink', 'noxattrs', 'noacl', 'plugins'],
  ...['private', 'rprivate', 'shared', 'rshared', 'slave', 'rslave', 'unbindable', 'runbindable'],
  ...['writeback', 'no_writeback', 'override_creds', 'nooverride_creds', 'default_permissions'],
  ...[
    'clone_fd',
    'max_idle_threads',
    'max_threads',
    'max_read',
    'auto_unmount',
    'blkdev',
    'blksize',
    'nonempty',
  ],
  ...['context', 'fscontext', 'defcontext', 'rootcontext', 'seclabel'],
  ...[
    'defaults',
    'auto',
    'noauto',
    'user',
    'nouser',
    'users',
    'owner',
    'group',
    'nofail',
    '_netdev',
    '_rnetdev',
  ],
  ...['comment', 'mand', 'nomand', 'silent', 'loud', 'iversion', 'noiversion'],
]);

function isIgnored(name: string): boolean {
  return ignored.has(name) || name.startsWith('x-') || name.startsWith('X-');
}
