/**
 * Two processes of one machine that send each other values over a unix socket, one JSON text a line. Node removes
 * the socket's name before it closes the socket: whoever finds the name can connect, and hears of the end by the end
 * of the conversation.
 */
import { unlinkSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { withPeer, type Peer } from './peer.ts';

/** Characters of one message: a thousand layers with the longest paths there are. */
const longest = 1 << 23;

export class Conversation {
  /** Resolves when the other end has closed it, or it was closed here. Never rejects. */
  readonly ended: Promise<void>;
  readonly #socket: Socket;
  readonly #received: unknown[] = [];
  #text = '';
  #isOver = false;
  #wake: () => void = () => undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => {
      this.#take(text);
    });
    // The end is told by `close`, which follows.
    socket.on('error', () => undefined);
    this.ended = new Promise((resolve) => {
      socket.once('close', () => {
        this.#isOver = true;
        this.#wake();
        resolve();
      });
    });
  }

  /** The next value; undefined when there will be none. One call at a time. */
  async receive(): Promise<unknown> {
    while (this.#received.length === 0 && !this.#isOver) {
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    return this.#received.shift();
  }

  /** What nobody receives any more is lost. */
  send(value: object): void {
    // Names are bytes in latin1; everything else that JSON knows is ASCII once it is escaped.
    this.#socket.write(`${JSON.stringify(value).replace(/[\u0100-\uffff]/g, escaped)}\n`, 'latin1');
  }

  /** Ends it when all that was sent has gone. */
  end(): void {
    this.#socket.end();
    this.#socket.unref();
  }

  /** Ends it at once. */
  close(): void {
    this.#socket.destroy();
  }

  /** See `withPeer`. */
  withPeer<T>(look: (peer: Peer) => T): T | undefined {
    return withPeer(this.#socket, look);
  }

  #take(text: string): void {
    const lines = (this.#text + text).split('\n');
    this.#text = lines.pop() ?? '';
    try {
      if (this.#text.length > longest) throw new Error('a message without end');
      this.#received.push(...lines.map((line): unknown => JSON.parse(line)));
    } catch (thrown) {
      this.#socket.destroy(thrown as Error);
    }
    this.#wake();
  }
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** Connects to the socket at `path`; undefined where nobody listens, or can be reached, for whatever reason. */
export function findConversation(path: string): Promise<Conversation | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    const onError = (): void => {
      resolve(undefined);
    };
    socket.once('error', onError);
    socket.once('connect', () => {
      socket.off('error', onError);
      resolve(new Conversation(socket));
    });
  });
}

export interface Listener {
  /** Takes the name away; who has connected and was not heard yet is told of the end. */
  close(): void;
}

/**
 * Listens at `path`, in the place of whoever left a socket there and is gone: the caller holds a lock that keeps
 * others from doing the same. It does not keep the process alive. Rejects with Node's system error.
 */
export function listenAt(path: string, onCall: (conversation: Conversation) => void): Promise<Listener> {
  try {
    unlinkSync(path);
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'ENOENT') throw thrown;
  }
  const server: Server = createServer((socket) => {
    onCall(new Conversation(socket));
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ path }, () => {
      resolve({
        close: () => {
          server.close();
        },
      });
    });
    server.unref();
  });
}
