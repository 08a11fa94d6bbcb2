/**
 * The terminal of a person, or the pipes of a script, joined with a container that conmon holds: what it writes comes
 * out here, what is typed here goes in. conmon's socket carries whole messages, the first byte of each says which of
 * the two outputs it is.
 */
import { spawnSync } from 'node:child_process';
import { createWriteStream, type WriteStream as FileStream } from 'node:fs';
import { join } from 'node:path';
import type { ReadStream } from 'node:tty';
import type { Readable, Writable } from 'node:stream';
import { UserError } from '../base/user-error.ts';
import { PacketSocket } from '../os/packet-socket.ts';

export interface AttachedStreams {
  /** Undefined: nothing goes in. */
  readonly stdin: Readable | undefined;
  readonly stdout: Writable;
  readonly stderr: Writable;
  /** What leaves a terminal; `leaveKeys` unless told. */
  readonly leaveKeys?: Buffer;
}

export interface Attachment {
  /** Resolves when the container has closed its outputs, or when the person left: then to true. */
  readonly done: Promise<boolean>;
  close(): Promise<void>;
}

/** What conmon sends at once, with the byte in front, and what it takes at once (conmon: conn_sock.h). */
const largestOutput = 8192 + 1;
const largestInput = 8192;
const errorOutput = 3;
/** Ctrl-P, Ctrl-Q. */
export const leaveKeys = Buffer.from([0x10, 0x11]);

/** `ctrl-p,ctrl-q` or `x,ctrl-]` as bytes, in Docker's spelling. UserError `bad-keys`. */
export function parseKeys(text: string): Buffer {
  return Buffer.concat(
    text.split(',').map((key) => {
      const control = /^ctrl-([a-z@[\\\]^_])$/.exec(key)?.[1];
      // The letter without the two upper bits, as a terminal sends it.
      if (control !== undefined) return Buffer.from([control.toUpperCase().charCodeAt(0) & 0x1f]);
      if (key.length === 1) return Buffer.from(key);
      throw new UserError('bad-keys', `"${key}" is no key`, {
        hint: 'write letters, or ctrl- and one of a to z @ [ \\ ] ^ _, with commas: ctrl-p,ctrl-q',
      });
    }),
  );
}

/** Joins the streams with the container whose bundle is at `bundle`. Throws FsError where no conmon is there. */
export function attach(bundle: string, streams: AttachedStreams, terminal: boolean): Attachment {
  const socket = new PacketSocket(bundle, 'attach', largestOutput);
  const input =
    streams.stdin === undefined
      ? undefined
      : sendInput(socket, streams.stdin, terminal, streams.leaveKeys ?? leaveKeys);
  const window = terminal ? followWindow(bundle) : undefined;
  const done = (async () => {
    const output = receiveOutput(socket, streams).then(() => false);
    return await Promise.race([output, ...(input === undefined ? [] : [input.left.then(() => true)])]);
  })();
  return {
    done,
    close: async () => {
      input?.stop();
      window?.();
      await socket.close();
    },
  };
}

async function receiveOutput(socket: PacketSocket, { stdout, stderr }: AttachedStreams): Promise<void> {
  for (let message = await socket.receive(); message !== undefined; message = await socket.receive()) {
    const to = message[0] === errorOutput ? stderr : stdout;
    // The buffer is used again; a reader that is slow holds up the container, as with a pipe.
    const text = Buffer.from(message.subarray(1));
    await new Promise<void>((resolve) => {
      to.write(text, () => {
        resolve();
      });
    });
  }
}

function sendInput(
  socket: PacketSocket,
  stdin: Readable,
  terminal: boolean,
  keys: Buffer,
): { left: Promise<void>; stop(): void } {
  const isTerminal = terminal && (stdin as Partial<ReadStream>).isTTY === true;
  const restore = isTerminal ? makeRaw() : undefined;
  let stop = (): void => undefined;
  const left = new Promise<void>((resolve) => {
    let sending = Promise.resolve();
    let last = Buffer.alloc(0);
    const onData = (chunk: Buffer): void => {
      const recent = Buffer.concat([last, chunk]);
      if (isTerminal && recent.includes(keys)) {
        resolve();
        return;
      }
      last = recent.subarray(Math.max(0, recent.length - keys.length + 1));
      stdin.pause();
      sending = sending.then(() => send(socket, chunk)).then(() => void stdin.resume());
    };
    const onEnd = (): void => {
      // A terminal has no end of its own: the program in the container reads Ctrl-D.
      void sending.then(() => {
        socket.endSending();
      });
    };
    stdin.on('data', onData).on('end', onEnd);
    stop = () => {
      stdin.off('data', onData).off('end', onEnd).pause();
      restore?.();
      // A pipe that is still open would keep this process.
      if ('unref' in stdin && typeof stdin.unref === 'function') (stdin.unref as () => void)();
    };
  });
  return {
    left,
    stop: () => {
      stop();
    },
  };
}

/**
 * Every key goes in, every byte comes out as it is; the answered function makes the terminal as it was. Node's own raw
 * mode adds a carriage return to each newline, which programs that move the cursor do not expect.
 */
function makeRaw(): () => void {
  const stty = (...args: string[]): string =>
    spawnSync('stty', args, { stdio: [0, 'pipe', 'ignore'], encoding: 'utf8' }).stdout;
  const before = stty('-g').trim();
  stty('raw', '-echo');
  return () => {
    stty(before);
  };
}

async function send(socket: PacketSocket, chunk: Buffer): Promise<void> {
  try {
    for (let at = 0; at < chunk.length; at += largestInput)
      await socket.send(chunk.subarray(at, at + largestInput));
  } catch {
    // The container has ended: what it did not read is lost, as with a pipe.
  }
}

/** Tells conmon the size of the window, now and whenever it changes. */
function followWindow(bundle: string): () => void {
  const { stdout } = process;
  if (!stdout.isTTY) return () => undefined;
  const control: FileStream = createWriteStream(join(bundle, 'ctl'), { flags: 'r+' });
  control.on('error', () => undefined);
  const tell = (): void => {
    control.write(`1 ${String(stdout.rows)} ${String(stdout.columns)}\n`);
  };
  tell();
  stdout.on('resize', tell);
  return () => {
    stdout.off('resize', tell);
    control.destroy();
  };
}
