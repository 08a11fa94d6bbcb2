/**
 * The addon of fuse-native 2.2.6, which speaks with libfuse 2. It is driven directly and not through the package's
 * index.js: that ends each request after 15 seconds, stops at milliseconds since 1970, and looks into its own
 * mount. What the addon can and cannot carry is in native-notes/fuse-native.md. It is loaded when a mount wants
 * it, never at import.
 */
import { readdirSync, readlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';

import { FsError } from '../base/fs-error.ts';
import { errno } from '../base/errno.ts';
import { nameFromText, nameToText, type Name } from '../base/name.ts';
import { UserError } from '../base/user-error.ts';
import * as constants from './constants.ts';
import type { FuseMountOptions } from './mount.ts';

/**
 * Called for each request, in the order of its arguments in fuse-native.c: paths are text, 64-bit numbers two
 * halves. `record` is the request's own memory (`fuse_thread_locals_t`), handed back with the answer. Must not
 * throw: the thread that asks would wait for ever.
 */
export type PathHandler = (record: Buffer, operation: number, ...args: never[]) => void;

/** Answers one request: `result` is what libfuse gets, a negative errno where it failed. */
export type PathAnswer = (record: Buffer, result: number, ...values: unknown[]) => void;

type Binding = Readonly<Record<string, unknown>> & {
  readonly sizeof_fuse_thread_t: number;
  fuse_native_mount(
    target: string,
    options: string,
    thread: Buffer,
    context: object,
    allocate: (size: number) => Buffer,
    handlers: readonly PathHandler[],
    implemented: Uint32Array,
  ): void;
  fuse_native_unmount(target: string, thread: Buffer): void;
};

/** Handlers in fuse-native's table (`handlers[35]`). */
const handlerCount = 35;
/** NAPI_ARGV_UTF8 cuts off what is longer. */
const longestArgument = 1023;

/** libfuse 2 of one process, loaded. */
export class FuseNative {
  readonly #binding: Binding;

  /** UserError `fuse-native-missing`, `libfuse-missing`. */
  constructor() {
    this.#binding = loadBinding();
  }

  /** How requests of the operation `name` are answered. */
  answerOf(name: string): PathAnswer {
    return this.#binding[`fuse_native_signal_${name}`] as PathAnswer;
  }

  /**
   * Mounts, and serves with `handlers` from then on, on threads of libfuse. UserError `bad-target` for a mount point or
   * source that cannot be said in UTF-8 or is too long, `libfuse-failed`.
   */
  mount(
    mount: FuseMountOptions,
    options: readonly string[],
    handlers: Readonly<Record<string, PathHandler>>,
  ): LibfuseConnection {
    const binding = this.#binding;
    const table = new Array<PathHandler>(handlerCount).fill(() => undefined);
    const implemented = new Uint32Array(handlerCount);
    for (const [name, handler] of Object.entries(handlers)) {
      const operation = binding[`op_${name}`] as number;
      table[operation] = handler;
      implemented[operation] = 1;
    }
    const before = new Set(fuseDevices());
    const connection = new LibfuseConnection(
      (thread, allocate) => {
        const list = `-o${[...mountOptions(mount), ...options].join(',')}`;
        const target = argument(mount.target);
        if (Buffer.byteLength(list) > longestArgument) throw tooLong('the mount options are');
        binding.fuse_native_mount(target, list, thread, {}, allocate, table, implemented);
      },
      (thread) => {
        binding.fuse_native_unmount(nameToText(mount.target), thread);
      },
      Buffer.alloc(binding.sizeof_fuse_thread_t),
    );
    connection.device = fuseDevices().find((fd) => !before.has(fd));
    return connection;
  }
}

/** One mount of libfuse. fuse-native tells nobody when it ends: whoever wants to know has to ask. */
export class LibfuseConnection {
  /** The descriptor of /dev/fuse that libfuse opened, and closes when the mount is gone. */
  device: string | undefined;
  readonly #thread: Buffer;
  /** Memory that libfuse's threads write to; they are never joined. */
  readonly #records: Buffer[] = [];
  readonly #release: (thread: Buffer) => void;

  constructor(
    mount: (thread: Buffer, allocate: (size: number) => Buffer) => void,
    release: (thread: Buffer) => void,
    thread: Buffer,
  ) {
    this.#thread = thread;
    this.#release = release;
    try {
      mount(thread, (size) => {
        const record = Buffer.alloc(size);
        this.#records.push(record);
        return record;
      });
    } catch (cause) {
      if (cause instanceof UserError) throw cause;
      throw new UserError('libfuse-failed', 'libfuse could not mount', {
        hint: 'it says why on standard error: mount with -f; an ordinary user needs fusermount (package fuse3)',
        cause,
      });
    }
  }

  /** Whether libfuse still serves: until the file system is unmounted and used by nobody, or aborted. */
  get isAlive(): boolean {
    return this.device !== undefined && readDevice(this.device) === fuseDevice;
  }

  /** Lets the process end although libfuse was never told that the mount did. */
  letGo(): void {
    this.#release(this.#thread);
  }
}

/**
 * Ends the connection of the mount with the device number `device` (`major:minor`): false where fusectl is not
 * mounted or not writable, and it lasts as long as this process.
 */
export function abortConnection(device: string): boolean {
  try {
    writeFileSync(`/sys/fs/fuse/connections/${device.split(':')[1] ?? ''}/abort`, '1');
    return true;
  } catch {
    return false;
  }
}

const fuseDevice = '/dev/fuse';

function fuseDevices(): string[] {
  return readdirSync('/proc/self/fd').filter((fd) => readDevice(fd) === fuseDevice);
}

function readDevice(fd: string): string | undefined {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return undefined;
  }
}

/** npm leaves fuse-native out in silence where it could not be installed: it is an optional dependency. */
function loadBinding(): Binding {
  const require = createRequire(import.meta.url);
  let home: string;
  try {
    home = dirname(require.resolve('fuse-native/package.json'));
  } catch (cause) {
    throw new UserError('fuse-native-missing', 'door=libfuse needs the package fuse-native', {
      hint: 'apt-get install libfuse2, then npm install --include=optional; or leave door=libfuse out',
      cause,
    });
  }
  try {
    const load = createRequire(`${home}/index.js`)('node-gyp-build') as (directory: string) => unknown;
    return load(home) as Binding;
  } catch (cause) {
    throw new UserError('libfuse-missing', 'door=libfuse needs libfuse.so.2, which cannot be loaded', {
      hint: 'apt-get install libfuse2, or leave door=libfuse out',
      cause,
    });
  }
}

/** What libfuse knows by name of the flags of mount(2). Without a word it mounts nosuid and nodev. */
const flagNames: readonly (readonly [flag: number, set: string, clear: string])[] = [
  [constants.MS_RDONLY, 'ro', 'rw'],
  [constants.MS_NOSUID, 'nosuid', 'suid'],
  [constants.MS_NODEV, 'nodev', 'dev'],
  [constants.MS_NOEXEC, 'noexec', 'exec'],
  [constants.MS_SYNCHRONOUS, 'sync', 'async'],
  [constants.MS_NOATIME, 'noatime', 'atime'],
];

/** Flags that say what is so without them, and one that libfuse knows only set. */
const otherFlags = constants.MS_RELATIME | constants.MS_DIRSYNC;

function mountOptions(mount: FuseMountOptions): string[] {
  const known = flagNames.reduce((all, [flag]) => all | flag, otherFlags);
  if ((mount.flags & ~known) !== 0) {
    throw new UserError('unsupported-option', 'libfuse 2 does not know one of the mount options', {
      hint: 'leave out nodiratime, strictatime, lazytime and nosymfollow, or door=libfuse',
    });
  }
  const isRoot = process.geteuid?.() === 0;
  return [
    ...flagNames
      // fusermount takes no word for what only root may.
      .filter(([flag, , clear]) => (mount.flags & flag) !== 0 || isRoot || !['suid', 'dev'].includes(clear))
      .map(([flag, set, clear]) => ((mount.flags & flag) === 0 ? clear : set)),
    ...((mount.flags & constants.MS_DIRSYNC) === 0 ? [] : ['dirsync']),
    `fsname=${argument(mount.source).replace(/[\\,]/g, '\\$&')}`,
    `subtype=${mount.subtype}`,
    // Every other file system can be mounted over files.
    'nonempty',
    ...(mount.defaultPermissions ? ['default_permissions'] : []),
    ...(mount.allowOther ? ['allow_other'] : []),
  ];
}

function argument(name: Name): string {
  const text = nameToText(name);
  if (nameFromText(text) !== name) {
    throw new UserError('bad-target', `${text}: this name is not UTF-8, which libfuse cannot be told`, {
      hint: 'choose another name, or leave door=libfuse out',
    });
  }
  if (name.length > longestArgument) throw tooLong(`${text} is`);
  return text;
}

function tooLong(what: string): UserError {
  return new UserError('bad-target', `${what} too long for libfuse`, {
    hint: 'leave door=libfuse out',
    cause: new FsError(errno.ENAMETOOLONG),
  });
}
