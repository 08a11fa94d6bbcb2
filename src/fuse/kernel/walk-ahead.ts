/**
 * Reads directories ahead of a client that walks through them: while it works on one reply, the next one
 * is made. What comes next is the rest of the same directory, and after its last entry the first directory in
 * it, as fts(3) goes down a tree; that is relied on once it was right twice. In between the client asks
 * whether the directory has ended, which it learns no other way. A reply made ahead is good until
 * something may have changed: then it is taken back, with the lookups that it counts.
 */
import { O_ACCMODE, O_RDONLY, O_TRUNC } from '../../os/constants.ts';
import type { NodeId } from '../../base/ids.ts';
import { opcode } from '../../wire/opcodes.ts';
import { replyHeaderBytes } from '../../wire/reply.ts';
import { openIn } from '../../wire/requests.ts';
import type { Door } from './door.ts';
import { ReplySink } from './reply-sink.ts';

/** Larger replies than any C library asks for are not made ahead. */
const largest = 64 * 1024;
/** How often the next directory must have been the expected one. */
const enough = 2;
/** And how often more after a reply was made in vain. */
const penalty = 8;
/** So many directories of one, and of all that are still to be read, are remembered: the next ones. */
const most = 16_384;

/** Requests that leave everything as it is. */
const harmless: ReadonlySet<number> = new Set([
  opcode.LOOKUP,
  opcode.FORGET,
  opcode.BATCH_FORGET,
  opcode.INTERRUPT,
  opcode.GETATTR,
  opcode.STATX,
  opcode.READLINK,
  opcode.GETXATTR,
  opcode.LISTXATTR,
  opcode.STATFS,
  opcode.ACCESS,
  opcode.READ,
  opcode.READDIR,
  opcode.READDIRPLUS,
  opcode.RELEASE,
]);

/** What a client may ask for. */
interface Question {
  readonly node: NodeId;
  readonly cookie: number;
}

export class WalkAhead {
  readonly #door: Door;
  readonly #now: ReplySink;
  readonly #ahead: ReplySink;
  /** What `#ahead` holds the reply to. */
  #prepared: (Question & { readonly size: number }) | undefined;
  #expected: Question | undefined;
  /** What is worth making ahead now. */
  #likely: Question | undefined;
  /** Directories that are still to be read, the next one last. */
  #rest: NodeId[] = [];
  /** Those in the directory that is being read. */
  #found: NodeId[] = [];
  #hits = 0;

  constructor(door: Door) {
    this.#door = door;
    this.#now = new ReplySink(door, door.reply.buffer);
    this.#ahead = new ReplySink(door, Buffer.alloc(replyHeaderBytes + largest));
  }

  /** Before a request is answered. */
  begin(code: number): void {
    if (this.#prepared === undefined || harmless.has(code)) return;
    if (code === opcode.OPEN) {
      const flags = this.#door.frame.u32(openIn.flags);
      if ((flags & (O_ACCMODE | O_TRUNC)) === O_RDONLY) return;
    }
    this.#takeBack();
  }

  /** Answers READDIRPLUS, at most `size` bytes: the length of the reply's body. */
  read(node: NodeId, cookie: number, size: number): number {
    let sink = this.#now;
    const prepared = this.#prepared;
    if (prepared?.node === node && prepared.cookie === cookie && prepared.size === size) {
      sink = this.#ahead;
      sink.copyTo(this.#door.reply.buffer);
      this.#prepared = undefined;
    } else {
      if (!this.#isEnd(node, cookie)) this.#takeBack();
      sink.start(size, true);
      this.#door.fs.readdirplus(node, cookie, sink);
    }
    this.#follow(node, cookie, sink);
    this.#plan(size, sink);
    return sink.length;
  }

  /** The client asks what comes after the last entry, as it was expected to before it goes on. */
  #isEnd(node: NodeId, cookie: number): boolean {
    const expected = this.#expected;
    return cookie !== 0 && expected?.node === node && expected.cookie === cookie && this.#likely !== expected;
  }

  /** Notes where the client is, and where it will go. */
  #follow(node: NodeId, cookie: number, sink: ReplySink): void {
    const expected = this.#expected;
    const right = expected?.node === node && expected.cookie === cookie;
    if (!right) {
      this.#hits = Math.min(this.#hits, 0);
      this.#rest = [];
    } else if (cookie === 0) {
      this.#hits += 1;
      this.#rest.pop();
    }
    if (!right || cookie === 0) this.#found = [];
    if (sink.length > 0) {
      if (this.#found.length < most) this.#found.push(...sink.directories);
      this.#expected = { node, cookie: sink.lastCookie };
      return;
    }
    for (let i = this.#found.length - 1; i >= 0; i--) this.#rest.push(this.#found[i] as NodeId);
    this.#found = [];
    if (this.#rest.length > 2 * most) this.#rest = this.#rest.slice(-most);
    const next = this.#rest.at(-1);
    this.#expected = next === undefined ? undefined : { node: next, cookie: 0 };
  }

  #plan(size: number, sink: ReplySink): void {
    const likely = this.#next(sink);
    this.#likely = likely;
    if (likely === undefined || size > largest || this.#door.layersChange) return;
    this.#door.idle.add(() => {
      if (this.#likely !== likely || this.#prepared !== undefined) return;
      // What is answered later may change something at any time.
      if (this.#door.pending > 0) return;
      this.#ahead.start(size, true);
      this.#door.fs.readdirplus(likely.node, likely.cookie, this.#ahead);
      this.#prepared = { ...likely, size };
    });
  }

  /** After the reply in `sink`: more of the same directory, or the directory after it. */
  #next(sink: ReplySink): Question | undefined {
    if (sink.isFull) return this.#expected;
    if (this.#hits < enough) return undefined;
    if (sink.length === 0) return this.#expected;
    const node = this.#found[0] ?? this.#rest.at(-1);
    return node === undefined ? undefined : { node, cookie: 0 };
  }

  #takeBack(): void {
    if (this.#prepared === undefined) return;
    this.#prepared = undefined;
    this.#likely = undefined;
    this.#hits = -penalty;
    for (const node of this.#ahead.nodes) this.#door.forget(node, 1);
  }
}
