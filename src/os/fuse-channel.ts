/**
 * The FUSE device as a channel: the addon drains requests on the event loop's thread, hands each to
 * one callback, and writes the reply that the callback leaves.
 */
import type { Fd } from '../base/ids.ts';

export interface ChannelOptions {
  /** Bytes of the request buffer: at least max_write plus 4096. */
  readonly bufferSize: number;
  /** How long to poll for a next request before going back to the event loop; 50 unless told. */
  readonly spinUs?: number;
  /** Answers by itself what is answered alike each time: see `repeatOpen`, `bareNodes`, and no file is a terminal (TCGETS). */
  readonly repeats?: boolean;
}

/** How an open was answered: struct fuse_open_out. */
export interface OpenAnswer {
  readonly fh: number;
  readonly flags: number;
  readonly backingId: number;
}

/** How many requests the channel answered by itself. */
export interface Repeated {
  readonly opens: number;
  readonly releases: number;
  readonly terminals: number;
  /** GETXATTR, and LISTXATTR. */
  readonly attributes: number;
  readonly attributeLists: number;
}

/** Of so many nodes at most, those included that are ending, opens are repeated. */
export const maxRepeated = 1024;

export interface FuseChannel {
  /** Holds the request during the callback. Replaced by `detachRequest`. 8-byte aligned. */
  readonly request: Buffer;
  /** Where the callback leaves its reply. The same for ever, 8-byte aligned, `bufferSize` long. */
  readonly reply: Buffer;
  /**
   * Begins. `onRequest(length)` answers how many bytes of `reply` to write; 0 when it will answer later
   * with `send`, or never (FORGET). `onEnd` comes once: 0 after unmount (ENODEV), else the errno.
   * `onRequest` must not throw: the door answers EIO itself.
   */
  start(onRequest: (length: number) => number, onEnd: (errno: number) => void, onIdle: () => void): void;
  /**
   * Asks, from `onRequest` or `onIdle`, for one call of `onIdle` once no request waits; at the latest when
   * the event loop gets its turn.
   */
  wantIdle(): void;
  /** Writes a whole message (a late reply, a notification): 0, or a positive errno (ENOENT: interrupted, or unknown). */
  send(message: Buffer, length: number): number;
  /** The same from the pool (for NOTIFY_INVAL_ENTRY, which may wait for a reply of ours). */
  sendAsync(message: Buffer, length: number): Promise<number>;
  /**
   * Answers the read that is in the request buffer with what the file `fd` has in [position, position + length), or up to its end,
   * without bringing the data here. False where it does not: they are few, or not in memory, or the kernel cannot.
   */
  replyData(fd: Fd, position: number, length: number): boolean;
  /** Gives the current request buffer to the caller, who needs its bytes after the callback; another takes its place. */
  detachRequest(): Buffer;
  /** Gives a detached buffer back. */
  recycle(buffer: Buffer): void;
  /** Gives back the memory and the pipe that large messages took. Not from a callback. */
  giveBack(): void;
  /**
   * Answers further opens of `node` for reading as this one, which is under way, and their releases, until
   * `endRepeat`. False where everything is asked, for too many, and for one that has not ended yet.
   */
  repeatOpen(node: number, answer: OpenAnswer): boolean;
  /** True: nobody has it open any more, and no release will come. False: the last one will, as any other. */
  endRepeat(node: number): boolean;
  /** The same, but false changes nothing: somebody has it open. */
  endUnusedRepeat(node: number): boolean;
  /**
   * Written by who answers requests, at `node % length`: `node`, where it has no extended attributes, or `-node`, where it has no
   * file capability. Lists, and questions for names that file systems list, are answered by that. Undefined where everything is asked.
   */
  readonly bareNodes: Float64Array | undefined;
  get repeated(): Repeated;
  /** FUSE_DEV_IOC_BACKING_OPEN: a backing id above 0; throws FsError (ELOOP, EPERM, ...). */
  backingOpen(fd: Fd): number;
  backingClose(id: number): void;
  /** Stops reading; the descriptor stays open until `close`. */
  stop(): void;
  close(): void;
}
