/**
 * One mount, spoken with the kernel over /dev/fuse: requests come from the channel, go to their handler,
 * and no exception of theirs ever gets out. Begins with INIT, ends when the mount is gone.
 */
import { errno } from '../../base/errno.ts';
import type { Log } from '../../base/log.ts';
import type { Name } from '../../base/name.ts';
import { UserError } from '../../base/user-error.ts';
import type { FuseChannel, Repeated } from '../../os/fuse-channel.ts';
import type { FileSystem } from '../../vfs/file-system.ts';
import { initFlag, protocol } from '../../wire/flags.ts';
import { opcode } from '../../wire/opcodes.ts';
import { shorterTtl, ttlFromMs } from '../../wire/ttl.ts';
import { errnoOf } from '../gate.ts';
import { Alertness } from './alertness.ts';
import { Burst } from './burst.ts';
import * as directories from './directory-requests.ts';
import { Door } from './door.ts';
import * as files from './file-requests.ts';
import { negotiate, type Agreement, type Wishes } from './negotiate.ts';
import * as nodes from './node-requests.ts';
import { longTtl, OpenModes } from './open-modes.ts';
import { Relaxed } from './relaxed.ts';
import { Renewals } from './renewals.ts';
import { ReplySink } from './reply-sink.ts';
import { WalkAhead } from './walk-ahead.ts';
import * as xattrs from './xattr-requests.ts';

type Handler = (door: Door) => number;

/**
 * What becomes of files of lower layers where files are passed through: they go through the page cache of FUSE, so
 * that what is open follows a copy-up; they are passed through, since nothing is ever copied up; or they are passed
 * through and a file that is copied up while it is open gets a new node (`relaxed.ts`).
 */
export type LowerFiles = 'cached' | 'passed' | 'renewed';

export interface SessionOptions extends Wishes {
  readonly log: Log;
  /** A kernel that cannot pass through is refused. */
  readonly passthroughRequired?: boolean;
  readonly lowerFiles: LowerFiles;
  /** For `renewed`: whether something is mounted on one of these paths of the file system. */
  readonly isMountPoint: (paths: readonly Name[]) => boolean;
  /** Gives memory that is no longer used back to the system. */
  readonly collect: () => void;
  /** Keeps processors from falling asleep, or lets them; undefined where they are left alone. */
  readonly stayAwake: ((wanted: boolean) => void) | undefined;
}

/** What was asked of the mount, by opcode. */
export type RequestCounts = Readonly<Record<string, number>>;

const opcodes = 64;

export class Session {
  readonly #door: Door;
  readonly #channel: FuseChannel;
  readonly #log: Log;
  readonly #options: SessionOptions;
  readonly #handlers: (Handler | undefined)[];
  readonly #counts = new Float64Array(opcodes);
  readonly #burst: Burst;
  readonly #walk: WalkAhead;
  readonly #alertness: Alertness | undefined;
  #onReady: () => void = () => undefined;
  #onRefused: (reason: Error) => void = () => undefined;
  #onStopped: () => void = () => undefined;

  constructor(fs: FileSystem, channel: FuseChannel, options: SessionOptions) {
    this.#channel = channel;
    this.#log = options.log;
    this.#options = options;
    this.#door = openDoor(fs, channel, options);
    this.#walk = new WalkAhead(this.#door);
    this.#alertness =
      options.stayAwake === undefined
        ? undefined
        : new Alertness(options.stayAwake, () => sumOf(channel.repeated));
    fs.countAlso(() => {
      // Who counts what is open does not mean what nobody has open.
      this.#door.repeats?.endAll();
      return this.counts;
    });
    this.#burst = new Burst(() => {
      fs.trim();
      options.collect();
    });
    this.#handlers = handlerTable(this.#door, this.#walk, this.#burst, () => this.#init());
  }

  /**
   * Serves. `ready` resolves when INIT is answered, `ended` when the file system is unmounted or `stop` was
   * called, and nothing is under way any more; both reject when the device fails. With a kernel that lacks what is
   * needed `ready` rejects with UserError, `old-kernel` or `no-passthrough`: the caller unmounts.
   */
  start(): { readonly ready: Promise<void>; readonly ended: Promise<void> } {
    const ready = deferred();
    const ended = deferred();
    this.#onReady = ready.resolve;
    this.#onRefused = ready.reject;
    this.#onStopped = ended.resolve;
    this.#channel.start(
      (length) => this.#answer(length),
      (problem) => {
        this.#stopTimers();
        this.#door.idle.doAll();
        this.#channel.close();
        const error = new Error(`reading /dev/fuse failed: errno ${String(problem)}`);
        ready.reject(error);
        void this.#door.end().then(() => {
          if (problem === 0) ended.resolve();
          else ended.reject(error);
        });
      },
      () => {
        this.#door.idle.doOne();
      },
    );
    return { ready: ready.promise, ended: ended.promise };
  }

  /** Ends the connection: whoever still uses the mount gets ENOTCONN. */
  stop(): void {
    this.#stopTimers();
    this.#channel.stop();
    this.#door.idle.doAll();
    this.#channel.close();
    void this.#door.end().then(this.#onStopped);
  }

  /** How often each request came, of those that came at all. */
  get counts(): RequestCounts {
    const named: Record<string, number> = {};
    const { opens, releases, terminals, attributes, attributeLists } = this.#channel.repeated;
    const repeated = new Map<number, number>([
      [opcode.OPEN, opens],
      [opcode.RELEASE, releases],
      [opcode.IOCTL, terminals],
      [opcode.GETXATTR, attributes],
      [opcode.LISTXATTR, attributeLists],
    ]);
    for (const [name, code] of Object.entries(opcode)) {
      const count = (this.#counts[code] ?? 0) + (repeated.get(code) ?? 0);
      if (count > 0) named[name] = count;
    }
    return named;
  }

  #stopTimers(): void {
    this.#burst.stop();
    this.#door.large.stop();
    this.#alertness?.stop();
    this.#door.relaxed?.stop();
  }

  #answer(length: number): number {
    const { frame, reply } = this.#door;
    const problem = frame.accept(length);
    reply.begin(frame);
    if (problem !== undefined && problem !== 'unknown-opcode') {
      this.#log.warn(`a frame that cannot be read: ${problem}`);
      return problem === 'short-header' ? 0 : reply.error(errno.EIO);
    }
    const code = frame.opcode;
    const handler = this.#handlers[code];
    if (handler === undefined || problem !== undefined) return reply.error(errno.EOPNOTSUPP);
    this.#counts[code] = (this.#counts[code] ?? 0) + 1;
    this.#alertness?.note();
    this.#walk.begin(code);
    try {
      const size = handler(this.#door);
      this.#door.large.note(length, size);
      return size;
    } catch (thrown) {
      return reply.error(errnoOf(thrown, this.#log, `request ${String(code)}`));
    }
  }

  #init(): number {
    const { frame, reply } = this.#door;
    const agreed = negotiate(frame, this.#options);
    if (agreed.reply === undefined) return this.#refuse(oldKernel(agreed));
    if (agreed.major > protocol.major) return reply.initOut(agreed.reply);
    if (this.#options.passthroughRequired === true && !agreed.passthrough) {
      return this.#refuse(noPassthrough());
    }
    frame.extendedSetxattr = agreed.extendedSetxattr;
    if (!agreed.passthrough) this.#door.modes.disable();
    this.#door.writesBack = (agreed.flags & initFlag.WRITEBACK_CACHE) !== 0;
    this.#onReady();
    return reply.initOut(agreed.reply);
  }

  /** From then on the kernel answers everything in the mount with an error itself. */
  #refuse(reason: UserError): number {
    this.#onRefused(reason);
    return this.#door.reply.error(errno.EPROTO);
  }
}

function oldKernel({ major, minor }: Agreement): UserError {
  const spoken = `this kernel speaks version ${String(major)}.${String(minor)} of the FUSE protocol`;
  return new UserError('old-kernel', `${spoken}, which is too old`, {
    hint: `it takes ${String(protocol.major)}.${String(protocol.oldestMinor)}, Linux 5.4 or later`,
  });
}

function noPassthrough(): UserError {
  return new UserError('no-passthrough', 'passthrough=on is not possible: this kernel has none', {
    hint: 'it takes Linux 6.9 or later with CONFIG_FUSE_PASSTHROUGH, or leave it out',
  });
}

function openDoor(fs: FileSystem, channel: FuseChannel, options: SessionOptions): Door {
  const { log, passthrough, lowerFiles, isMountPoint, timeoutSec } = options;
  const passesLower = passthrough && lowerFiles !== 'cached';
  const layersChange = timeoutSec !== undefined;
  const trust = layersChange ? shorterTtl(ttlFromMs(timeoutSec * 1000), longTtl) : longTtl;
  const modes = new OpenModes(channel, log, { upper: passthrough, lower: passesLower }, trust);
  const send = (message: Buffer): Promise<number> => channel.sendAsync(message, message.length);
  const renews = passesLower && lowerFiles === 'renewed';
  const relaxed = renews
    ? new Relaxed(fs, modes, new Renewals({ fs, modes, send, isMountPoint }))
    : undefined;
  const givesData = !passesLower && !layersChange;
  return new Door({ fs, channel, modes, relaxed, layersChange, givesData, log });
}

function handlerTable(
  door: Door,
  walk: WalkAhead,
  burst: Burst,
  init: () => number,
): (Handler | undefined)[] {
  const sink = new ReplySink(door, door.reply.buffer);
  const table = new Array<Handler | undefined>(opcodes).fill(undefined);
  const entries: readonly (readonly [number, Handler])[] = [
    [opcode.INIT, init],
    [opcode.LOOKUP, nodes.onLookup],
    [opcode.FORGET, (it) => nodes.onForget(it, burst)],
    [opcode.BATCH_FORGET, (it) => nodes.onBatchForget(it, burst)],
    [opcode.INTERRUPT, nodes.onInterrupt],
    [opcode.GETATTR, nodes.onGetattr],
    [opcode.STATX, nodes.onStatx],
    [opcode.SETATTR, nodes.onSetattr],
    [opcode.READLINK, nodes.onReadlink],
    [opcode.MKNOD, nodes.onMknod],
    [opcode.MKDIR, nodes.onMkdir],
    [opcode.SYMLINK, nodes.onSymlink],
    [opcode.LINK, nodes.onLink],
    [opcode.UNLINK, nodes.onUnlink],
    [opcode.RMDIR, nodes.onRmdir],
    [opcode.RENAME, nodes.onRename],
    [opcode.RENAME2, nodes.onRename2],
    [opcode.STATFS, nodes.onStatfs],
    [opcode.ACCESS, nodes.onAccess],
    [opcode.BMAP, nodes.onBmap],
    [opcode.OPENDIR, directories.onOpendir],
    [opcode.RELEASEDIR, directories.onReleasedir],
    [opcode.FLUSH, directories.neverAskAgain],
    [opcode.READDIR, (it) => directories.onReaddir(it, sink)],
    [opcode.READDIRPLUS, (it) => directories.onReaddirplus(it, walk)],
    [opcode.FSYNCDIR, directories.onFsyncdir],
    [opcode.OPEN, files.onOpen],
    [opcode.CREATE, files.onCreate],
    [opcode.TMPFILE, files.onTmpfile],
    [opcode.RELEASE, files.onRelease],
    [opcode.READ, files.onRead],
    [opcode.WRITE, files.onWrite],
    [opcode.FSYNC, files.onFsync],
    [opcode.FALLOCATE, files.onFallocate],
    [opcode.LSEEK, files.onLseek],
    [opcode.COPY_FILE_RANGE, files.onCopyFileRange],
    [opcode.COPY_FILE_RANGE_64, files.onCopyFileRange64],
    [opcode.POLL, files.onPoll],
    [opcode.GETXATTR, xattrs.onGetxattr],
    [opcode.LISTXATTR, xattrs.onListxattr],
    [opcode.SETXATTR, xattrs.onSetxattr],
    [opcode.REMOVEXATTR, xattrs.onRemovexattr],
    [opcode.IOCTL, xattrs.onIoctl],
  ];
  for (const [code, handler] of entries) table[code] = handler;
  return table;
}

function sumOf({ opens, releases, terminals, attributes, attributeLists }: Repeated): number {
  return opens + releases + terminals + attributes + attributeLists;
}

interface Deferred {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (reason: Error) => void;
}

function deferred(): Deferred {
  let resolve: () => void = () => undefined;
  let reject: (reason: Error) => void = () => undefined;
  const promise = new Promise<void>((accept, refuse) => {
    resolve = accept;
    reject = refuse;
  });
  // Nobody may be waiting for it by then.
  promise.catch(() => undefined);
  return { promise, resolve, reject };
}
