/**
 * INIT: what of the kernel's offer is taken. Passthrough and the write-back cache exclude each other
 * (fs/fuse/inode.c, process_init_reply), so which of the two was decided before.
 */
import { initFlag, initFlag2, protocol } from '../../wire/flags.ts';
import type { Frame } from '../../wire/frame.ts';
import type { InitReply } from '../../wire/reply.ts';
import { initIn } from '../../wire/requests.ts';

/** Bytes of data in one request. */
export const maxWrite = 1024 * 1024;
/** Header, struct fuse_write_in, and room for names. */
export const requestRoom = 8192;
const pageSize = 4096;

const wanted =
  initFlag.ASYNC_READ |
  initFlag.ATOMIC_O_TRUNC |
  initFlag.BIG_WRITES |
  initFlag.DONT_MASK |
  initFlag.HAS_IOCTL_DIR |
  initFlag.DO_READDIRPLUS |
  initFlag.ASYNC_DIO |
  initFlag.PARALLEL_DIROPS |
  initFlag.MAX_PAGES |
  initFlag.NO_OPENDIR_SUPPORT |
  initFlag.HANDLE_KILLPRIV_V2 |
  initFlag.SETXATTR_EXT |
  initFlag.INIT_EXT;

/** What the kernel has cached is right until we say otherwise. */
const trusting = initFlag.EXPLICIT_INVAL_DATA | initFlag.CACHE_SYMLINKS;
/** It looks at the time of the last change before it uses cached data. */
const doubting = initFlag.AUTO_INVAL_DATA;

const wanted2 = initFlag2.NO_EXPORT_SUPPORT;

/** What was agreed. */
export interface Agreement {
  /** Of the kernel. With a later `major` than ours it takes our answer as a proposal, and sends INIT again. */
  readonly major: number;
  readonly minor: number;
  readonly flags: number;
  readonly flags2: number;
  readonly passthrough: boolean;
  readonly extendedSetxattr: boolean;
  /** undefined: the kernel speaks a protocol that we do not. */
  readonly reply: InitReply | undefined;
}

export interface Wishes {
  readonly passthrough: boolean;
  readonly writeback: boolean;
  readonly idmap: boolean;
  /** Access control lists are checked; true unless told. */
  readonly acl?: boolean;
  /** Bytes of one write request, `maxWrite` at most, which it is unless told. */
  readonly maxWrite?: number | undefined;
  /** For how long the kernel may believe what it is told; undefined: as long as it has it. */
  readonly timeoutSec?: number | undefined;
}

/** Answers INIT. A kernel before 7.31 is refused (`reply` undefined). */
export function negotiate(frame: Frame, wishes: Wishes): Agreement {
  const minor = frame.u32(initIn.minor);
  const major = frame.u32(initIn.major);
  const offered = frame.u32(initIn.flags);
  const offered2 = (offered & initFlag.INIT_EXT) === 0 ? 0 : frame.optionalU32(initIn.flags2);
  const passthrough = wishes.passthrough && (offered2 & initFlag2.PASSTHROUGH) !== 0;
  const doubts = wishes.timeoutSec !== undefined;
  // With the write-back cache the kernel takes its own word for sizes and times.
  const writeback = wishes.writeback && !passthrough && !doubts;
  const flags =
    offered &
    (wanted |
      (doubts ? doubting : trusting) |
      (writeback ? initFlag.WRITEBACK_CACHE : 0) |
      (wishes.acl === false ? 0 : initFlag.POSIX_ACL));
  const flags2 =
    offered2 &
    (wanted2 | (passthrough ? initFlag2.PASSTHROUGH : 0) | (wishes.idmap ? initFlag2.ALLOW_IDMAP : 0));
  const isSpoken = major > protocol.major || (major === protocol.major && minor >= protocol.oldestMinor);
  return {
    major,
    minor,
    flags,
    flags2,
    passthrough,
    extendedSetxattr: (flags & initFlag.SETXATTR_EXT) !== 0,
    reply: isSpoken
      ? {
          major: protocol.major,
          minor: major > protocol.major ? protocol.minor : Math.min(minor, protocol.minor),
          maxReadahead: frame.u32(initIn.maxReadahead),
          flags,
          flags2,
          maxBackground: 64,
          congestionThreshold: 48,
          maxWrite: Math.min(maxWrite, wishes.maxWrite ?? maxWrite),
          timeGran: 1,
          maxPages: maxWrite / pageSize,
          maxStackDepth: passthrough ? 1 : 0,
        }
      : undefined,
  };
}
