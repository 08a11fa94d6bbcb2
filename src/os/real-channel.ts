/**
 * The FUSE device as a channel of the addon (native/channel.c). This side owns the buffers: both
 * begin on a page, are made once, and a request buffer that somebody keeps is replaced from a short
 * free list. It knows no protocol.
 */
import { errno } from '../base/errno.ts';
import { FsError } from '../base/fs-error.ts';
import type { Fd } from '../base/ids.ts';
import { getAddon, type NativeAddon, type NativeChannel } from './addon.ts';
import type { ChannelOptions, FuseChannel, OpenAnswer, Repeated } from './fuse-channel.ts';

const defaultSpinUs = 50;
/** Request buffers kept for use again; more than that are left to the garbage collector. */
const maxFree = 16;
/** Bytes of a buffer that stay when memory is given back: what most messages need. */
const keptBytes = 65536;

/** `enum repeated` in native/strata.h. */
const repeatedKind = { open: 0, release: 1, ioctl: 2, getxattr: 3, listxattr: 4 } as const;
/** Of so many nodes it is noted what they do not have: a directory that is walked through, and much more. */
const bareNodes = 32_768;

export class RealChannel implements FuseChannel {
  readonly reply: Buffer;
  readonly bareNodes: Float64Array | undefined;
  readonly #native: NativeAddon;
  readonly #channel: NativeChannel;
  readonly #bufferSize: number;
  readonly #free: Buffer[] = [];
  #request: Buffer;

  /**
   * Takes `fd`, a FUSE device (or anything that delivers whole messages), which `close` will close, and
   * makes it non-blocking. Throws FsError, with `fd` closed, UserError `addon-missing`.
   */
  constructor(fd: Fd, options: ChannelOptions) {
    this.#native = getAddon();
    this.#bufferSize = options.bufferSize;
    try {
      const made = this.#native.setNonblocking(fd);
      if (made < 0) throw new FsError(-made, { syscall: 'fcntl' });
      this.reply = this.#allocate();
      this.#request = this.#allocate();
      const noted =
        options.repeats === true ? this.#allocate(bareNodes * Float64Array.BYTES_PER_ELEMENT) : undefined;
      if (noted !== undefined) this.bareNodes = new Float64Array(noted.buffer, noted.byteOffset, bareNodes);
      const spinUs = options.spinUs ?? defaultSpinUs;
      const channel = this.#native.channelOpen(fd, this.reply, spinUs, noted);
      if (typeof channel === 'number') throw new FsError(-channel, { syscall: 'channel' });
      this.#channel = channel;
    } catch (thrown) {
      this.#native.close(fd);
      throw thrown;
    }
    this.#native.channelSetRequest(this.#channel, this.#request);
  }

  get request(): Buffer {
    return this.#request;
  }

  start(onRequest: (length: number) => number, onEnd: (errno: number) => void, onIdle: () => void): void {
    const started = this.#native.channelStart(this.#channel, onRequest, onEnd, onIdle);
    if (started < 0) throw new FsError(-started, { syscall: 'epoll_ctl' });
  }

  wantIdle(): void {
    this.#native.channelWantIdle(this.#channel);
  }

  send(message: Buffer, length: number): number {
    return 0 - this.#native.channelSend(this.#channel, message, length);
  }

  async sendAsync(message: Buffer, length: number): Promise<number> {
    return 0 - (await this.#native.channelSendAsync(this.#channel, message, length));
  }

  detachRequest(): Buffer {
    const detached = this.#request;
    this.#request = this.#free.pop() ?? this.#allocate();
    this.#native.channelSetRequest(this.#channel, this.#request);
    return detached;
  }

  recycle(buffer: Buffer): void {
    if (this.#free.length < maxFree && buffer.length === this.#bufferSize) this.#free.push(buffer);
  }

  giveBack(): void {
    this.#free.length = 0;
    for (const buffer of [this.#request, this.reply]) {
      if (buffer.length > keptBytes) this.#native.emptyBuffer(buffer, keptBytes);
    }
    this.#native.channelClosePassage(this.#channel);
  }

  replyData(fd: Fd, position: number, length: number): boolean {
    return this.#native.channelReplyData(this.#channel, fd, position, length) === 1;
  }

  repeatOpen(node: number, { fh, flags, backingId }: OpenAnswer): boolean {
    return this.#native.repeatsBegin(this.#channel, node, fh, flags, backingId) === 0;
  }

  endRepeat(node: number): boolean {
    return this.#native.repeatsEnd(this.#channel, node, false) === 1;
  }

  endUnusedRepeat(node: number): boolean {
    return this.#native.repeatsEnd(this.#channel, node, true) === 1;
  }

  get repeated(): Repeated {
    const count = (kind: number): number => this.#native.repeatsAnswered(this.#channel, kind);
    return {
      opens: count(repeatedKind.open),
      releases: count(repeatedKind.release),
      terminals: count(repeatedKind.ioctl),
      attributes: count(repeatedKind.getxattr),
      attributeLists: count(repeatedKind.listxattr),
    };
  }

  backingOpen(fd: Fd): number {
    const id = this.#native.backingOpen(this.#channel, fd);
    if (id <= 0) throw new FsError(id === 0 ? errno.EIO : -id, { syscall: 'FUSE_DEV_IOC_BACKING_OPEN' });
    return id;
  }

  backingClose(id: number): void {
    const closed = this.#native.backingClose(this.#channel, id);
    if (closed < 0) throw new FsError(-closed, { syscall: 'FUSE_DEV_IOC_BACKING_CLOSE' });
  }

  stop(): void {
    this.#native.channelStop(this.#channel);
  }

  close(): void {
    this.#free.length = 0;
    this.#native.channelClose(this.#channel);
  }

  #allocate(size = this.#bufferSize): Buffer {
    const buffer = this.#native.allocateBuffer(size);
    if (typeof buffer === 'number') throw new FsError(-buffer, { syscall: 'mmap' });
    return buffer;
  }
}
