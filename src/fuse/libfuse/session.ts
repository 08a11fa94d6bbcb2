/**
 * One mount, spoken with libfuse 2 through fuse-native. Threads of libfuse read requests and wait, each for its own;
 * all are answered here, on the one thread of JavaScript. Begins with a mount, ends when that is gone.
 */
import type { Log } from '../../base/log.ts';
import { abortConnection, FuseNative, type LibfuseConnection } from '../../os/fuse-native.ts';
import type { FuseMountOptions } from '../../os/mount.ts';
import type { FileSystem } from '../../vfs/file-system.ts';
import { handlersFor } from './handlers.ts';
import { PathDoor } from './path-door.ts';

export interface LibfuseOptions {
  readonly mount: FuseMountOptions;
  /** For how long what was told may be believed; undefined: nobody else changes the layers. */
  readonly timeoutSec: number | undefined;
  /** `major:minor` of the mount, once it is known. */
  readonly mountDevice: () => string | undefined;
  readonly debug: boolean;
  readonly log: Log;
}

/** How often it is looked whether the mount is still there: nobody tells. */
const watchMs = 100;
/** A day. */
const longSec = 86_400;

export class LibfuseSession {
  /** Resolves when the kernel and libfuse agree: from then on the mount answers. */
  readonly ready: Promise<void>;
  /** Resolves when the file system was unmounted and nobody uses it, or it was stopped. */
  readonly ended: Promise<void>;
  readonly #options: LibfuseOptions;
  readonly #connection: LibfuseConnection;
  readonly #watch: NodeJS.Timeout;
  readonly #counts = new Map<string, number>();
  #onReady: () => void = () => undefined;
  #onEnded: () => void = () => undefined;
  #isStopped = false;

  /** Mounts. UserError as `FuseNative`. */
  constructor(fs: FileSystem, options: LibfuseOptions) {
    this.#options = options;
    this.ready = new Promise((resolve) => (this.#onReady = resolve));
    this.ended = new Promise((resolve) => (this.#onEnded = resolve));
    const { log, timeoutSec } = options;
    const owner = { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0, pid: process.pid };
    const door = new PathDoor({ fs, log, owner, layersChange: timeoutSec !== undefined });
    const native = new FuseNative();
    const handlers = handlersFor(door, {
      answerOf: (name) => native.answerOf(name),
      isStopped: () => this.#isStopped,
      count: (name) => {
        this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
        if (options.debug) log.debug(`operation ${name}`);
      },
    });
    const answerInit = native.answerOf('init');
    const init = (record: Buffer): void => {
      answerInit(record, 0);
      this.#onReady();
    };
    this.#connection = native.mount(options.mount, libraryOptions(timeoutSec), { ...handlers, init });
    fs.countAlso(() => Object.fromEntries(this.#counts));
    this.#watch = setInterval(() => {
      if (!this.#connection.isAlive) this.#end();
    }, watchMs);
  }

  /**
   * Ends the connection: whoever still uses the mount gets ENOTCONN. Where the kernel does not let it be ended, that is
   * when the process ends.
   */
  stop(): void {
    if (this.#isStopped) return;
    const device = this.#options.mountDevice();
    if (device !== undefined && this.#connection.isAlive) abortConnection(device);
    this.#end();
  }

  #end(): void {
    this.#isStopped = true;
    clearInterval(this.#watch);
    this.#connection.letGo();
    this.#onEnded();
  }
}

/**
 * Names are trusted as long as nobody else changes them; attributes never: to libfuse two names of one file are two
 * files, so that the kernel does not know that one changes with the other.
 */
function libraryOptions(timeoutSec: number | undefined): string[] {
  const names = String(timeoutSec ?? longSec);
  return [
    'use_ino',
    'big_writes',
    `entry_timeout=${names}`,
    `negative_timeout=${names}`,
    'attr_timeout=0',
    'ac_attr_timeout=0',
  ];
}
