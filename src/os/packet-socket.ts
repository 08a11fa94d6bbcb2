/**
 * A client of a SOCK_SEQPACKET socket, which Node has no door to: one message after the other, each whole. Reading
 * waits in a thread of Node's pool, so `close` ends it first: a thread that waits would keep the process from ending.
 */
import { close, closeSync, constants, openSync, read, write } from 'node:fs';
import { promisify } from 'node:util';
import { FsError } from '../base/fs-error.ts';
import { nameFromText } from '../base/name.ts';
import { getAddon } from './addon.ts';

const readPromise = promisify(read);
const writePromise = promisify(write);
const closePromise = promisify(close);

/** SHUT_WR and SHUT_RDWR of shutdown(2). */
const shutWrite = 1;
const shutBoth = 2;

export class PacketSocket {
  readonly #fd: number;
  readonly #buffer: Buffer;
  #reading: Promise<unknown> = Promise.resolve();
  #closed = false;

  /**
   * The socket `name` in `directory`. `largest`: bytes of a message; what is longer is cut. Throws FsError (ENOENT,
   * ECONNREFUSED), Node's system error where there is no directory.
   */
  constructor(directory: string, name: string, largest: number) {
    // The address of a socket is short (sun_path, 108 bytes): directories in a data root are not.
    const parent = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY);
    const fd = getAddon().connectPacket(nameFromText(`/proc/self/fd/${String(parent)}/${name}`));
    closeSync(parent);
    if (fd < 0) throw new FsError(-fd, { syscall: 'connect', path: `${directory}/${name}` });
    this.#fd = fd;
    this.#buffer = Buffer.allocUnsafe(largest);
  }

  /** The next message, valid until the next call; undefined at the end. One call at a time. */
  async receive(): Promise<Buffer | undefined> {
    if (this.#closed) return undefined;
    const reading = readPromise(this.#fd, this.#buffer, 0, this.#buffer.length, null);
    this.#reading = reading.catch(() => undefined);
    try {
      const { bytesRead } = await reading;
      return bytesRead === 0 ? undefined : this.#buffer.subarray(0, bytesRead);
    } catch (thrown) {
      // Whoever is at the other end was killed.
      if ((thrown as NodeJS.ErrnoException).code === 'ECONNRESET') return undefined;
      throw thrown;
    }
  }

  /** Throws Node's system error: EPIPE when nobody is there any more. */
  async send(message: Uint8Array): Promise<void> {
    await writePromise(this.#fd, message);
  }

  /** Tells the other end that nothing more will be sent. */
  endSending(): void {
    if (!this.#closed) getAddon().shutdown(this.#fd, shutWrite);
  }

  /** A second call does nothing. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    getAddon().shutdown(this.#fd, shutBoth);
    await this.#reading;
    await closePromise(this.#fd);
  }
}
