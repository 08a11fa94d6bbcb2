/**
 * A channel that logs every request with what became of it (`-d`): it stands between the session and the
 * device, so that a mount without it pays nothing.
 */
import { errnoCode } from '../../base/errno.ts';
import type { Fd } from '../../base/ids.ts';
import type { Log } from '../../base/log.ts';
import type { FuseChannel, OpenAnswer, Repeated } from '../../os/fuse-channel.ts';
import { opcode, opcodeName } from '../../wire/opcodes.ts';
import { requestHeaderBytes } from '../../wire/frame.ts';

/** In struct fuse_in_header and struct fuse_out_header, bytes. */
const at = { opcode: 4, error: 4, unique: 8, node: 16 } as const;

/** Nobody waits for an answer to these. */
const unanswered: ReadonlySet<number> = new Set([opcode.FORGET, opcode.BATCH_FORGET, opcode.INTERRUPT]);

export class TracedChannel implements FuseChannel {
  readonly #channel: FuseChannel;
  readonly #log: Log;
  /** Requests that are still to be answered. */
  readonly #waiting = new Map<bigint, string>();
  /** The last request that was answered by `replyData`. */
  #passed: bigint | undefined;

  constructor(channel: FuseChannel, log: Log) {
    this.#channel = channel;
    this.#log = log;
  }

  get request(): Buffer {
    return this.#channel.request;
  }

  get reply(): Buffer {
    return this.#channel.reply;
  }

  start(onRequest: (length: number) => number, onEnd: (errno: number) => void, onIdle: () => void): void {
    const traced = (length: number): number => {
      // The request may be gone, or another one there, once it was answered.
      const { request } = this;
      const code = request.readUInt32LE(at.opcode);
      const unique = request.readBigUInt64LE(at.unique);
      const what = `${opcodeName(code)} node ${String(request.readBigUInt64LE(at.node))}`;
      const answered = onRequest(length);
      if (this.#passed === unique) this.#log.debug(`${what}: ok`);
      else if (answered > 0) this.#log.debug(`${what}: ${outcome(this.reply)}`);
      else if (unanswered.has(code)) this.#log.debug(`${what}: no answer`);
      else this.#waiting.set(unique, what);
      return answered;
    };
    this.#channel.start(
      (length) => (length < requestHeaderBytes ? onRequest(length) : traced(length)),
      onEnd,
      onIdle,
    );
  }

  wantIdle(): void {
    this.#channel.wantIdle();
  }

  send(message: Buffer, length: number): number {
    this.#note(message);
    return this.#channel.send(message, length);
  }

  sendAsync(message: Buffer, length: number): Promise<number> {
    return this.#channel.sendAsync(message, length);
  }

  detachRequest(): Buffer {
    return this.#channel.detachRequest();
  }

  recycle(buffer: Buffer): void {
    this.#channel.recycle(buffer);
  }

  giveBack(): void {
    this.#channel.giveBack();
  }

  replyData(fd: Fd, position: number, length: number): boolean {
    const unique = this.request.readBigUInt64LE(at.unique);
    const isAnswered = this.#channel.replyData(fd, position, length);
    if (isAnswered) this.#passed = unique;
    return isAnswered;
  }

  repeatOpen(node: number, answer: OpenAnswer): boolean {
    return this.#channel.repeatOpen(node, answer);
  }

  endRepeat(node: number): boolean {
    return this.#channel.endRepeat(node);
  }

  endUnusedRepeat(node: number): boolean {
    return this.#channel.endUnusedRepeat(node);
  }

  get bareNodes(): Float64Array | undefined {
    return this.#channel.bareNodes;
  }

  get repeated(): Repeated {
    return this.#channel.repeated;
  }

  backingOpen(fd: Fd): number {
    return this.#channel.backingOpen(fd);
  }

  backingClose(id: number): void {
    this.#channel.backingClose(id);
  }

  stop(): void {
    this.#channel.stop();
  }

  close(): void {
    this.#channel.close();
  }

  /** A late reply; what is no reply is a notification. */
  #note(message: Buffer): void {
    const unique = message.readBigUInt64LE(at.unique);
    const what = this.#waiting.get(unique);
    if (what === undefined) return;
    this.#waiting.delete(unique);
    this.#log.debug(`${what}: ${outcome(message)}`);
  }
}

function outcome(reply: Buffer): string {
  const error = 0 - reply.readInt32LE(at.error);
  return error === 0 ? 'ok' : errnoCode(error);
}
