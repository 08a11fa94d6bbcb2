/**
 * Replies made ahead: that they are the ones the client would have got, that they are made only for a
 * client that walks, and that what was made in vain leaves no lookup behind.
 */
import t from 'tap';
import type { NodeId } from '../../../src/base/ids.ts';
import { asName } from '../../../src/base/name.ts';
import type { Door } from '../../../src/fuse/kernel/door.ts';
import { ReplySink } from '../../../src/fuse/kernel/reply-sink.ts';
import { WalkAhead } from '../../../src/fuse/kernel/walk-ahead.ts';
import { DT_DIR, DT_REG } from '../../../src/os/constants.ts';
import type { DirectorySink } from '../../../src/vfs/directory-sink.ts';
import { opcode } from '../../../src/wire/opcodes.ts';
import { replyHeaderBytes } from '../../../src/wire/reply.ts';
import { noTtl } from '../../../src/wire/ttl.ts';

const size = 4096;

/** A tree of which each directory has `files` files and the given directories. */
class FakeDoor {
  readonly reply = { buffer: Buffer.alloc(replyHeaderBytes + size) };
  readonly written = new Set<NodeId>();
  readonly modes = {
    nameTtl: noTtl,
    attrTtl: () => noTtl,
    isWrittenUnasked: (node: NodeId) => this.written.has(node),
  };
  readonly frame = { u32: () => this.openFlags };
  readonly waiting: (() => void)[] = [];
  readonly idle = { add: (work: () => void) => this.waiting.push(work) };
  readonly fs = {
    readdirplus: (node: NodeId, cookie: number, sink: DirectorySink) => {
      this.readdirplus(node, cookie, sink);
    },
  };
  readonly lookups = new Map<number, number>();
  readonly reads: string[] = [];
  openFlags = 0;
  pending = 0;
  readonly #tree: Readonly<Record<number, readonly number[]>>;
  readonly #files: number;

  constructor(tree: Readonly<Record<number, readonly number[]>>, files = 1) {
    this.#tree = tree;
    this.#files = files;
  }

  forget(node: NodeId, count: number): void {
    this.lookups.set(node, (this.lookups.get(node) ?? 0) - count);
  }

  readdirplus(node: number, cookie: number, sink: DirectorySink): void {
    this.reads.push(`${String(node)}:${String(cookie)}`);
    const directories = this.#tree[node] ?? [];
    for (let i = cookie; i < directories.length + this.#files; i++) {
      const id = directories[i] ?? node * 1000 + i - directories.length;
      const name = asName(`entry-${String(id)}`);
      if (!sink.hasRoom(name)) return;
      sink.nextAttr();
      this.lookups.set(id, (this.lookups.get(id) ?? 0) + 1);
      sink.addPlus(name, id as NodeId, id, 0, i < directories.length ? DT_DIR : DT_REG, i + 1);
    }
  }

  /** What the event loop would do now. */
  rest(): void {
    for (const work of this.waiting.splice(0)) work();
  }
}

function makeWalk(door: FakeDoor): { walk: WalkAhead; read: (node: number, cookie: number) => Buffer } {
  const walk = new WalkAhead(door as unknown as Door);
  const read = (node: number, cookie: number): Buffer => {
    walk.begin(opcode.READDIRPLUS);
    const length = walk.read(node as NodeId, cookie, size);
    const body = Buffer.from(door.reply.buffer.subarray(replyHeaderBytes, replyHeaderBytes + length));
    door.rest();
    return body;
  };
  return { walk, read };
}

/** The reply without any reading ahead. */
function direct(door: FakeDoor, node: number, cookie: number): Buffer {
  const other = new FakeDoor({}, 0);
  const sink = new ReplySink(other as unknown as Door, other.reply.buffer);
  sink.start(size, true);
  const lookups = new Map(door.lookups);
  const reads = door.reads.length;
  door.readdirplus(node, cookie, sink);
  door.reads.length = reads;
  door.lookups.clear();
  for (const [id, count] of lookups) door.lookups.set(id, count);
  return Buffer.from(other.reply.buffer.subarray(replyHeaderBytes, replyHeaderBytes + sink.length));
}

const tree = { 1: [2, 3, 4], 2: [5], 3: [], 4: [], 5: [] };

/** The order of fts(3), each directory to its end. */
function goTo(read: (node: number, cookie: number) => Buffer, ...nodes: number[]): void {
  for (const node of nodes) {
    read(node, 0);
    read(node, node === 1 ? 4 : node === 2 ? 2 : 1);
  }
}

t.test('a tree is walked: after two right guesses the next directory is ready', (t) => {
  const door = new FakeDoor(tree);
  const { read } = makeWalk(door);
  goTo(read, 1, 2, 5);
  t.same(door.reads.slice(-2), ['3:0', '5:1'], 'the sibling of the parent, before 5 was known to have ended');
  const reads = door.reads.length;
  t.same(read(3, 0), direct(door, 3, 0));
  t.same(door.reads.slice(reads), ['4:0'], 'was ready; and the next one is made');
  t.same([...door.lookups.values()], Array<number>(9).fill(1), 'each was told once');
  t.end();
});

t.test('who reads one directory causes nothing else to be read', (t) => {
  const door = new FakeDoor(tree);
  const { read } = makeWalk(door);
  goTo(read, 1);
  goTo(read, 2);
  t.same(door.reads, ['1:0', '1:4', '2:0', '2:2']);
  t.end();
});

t.test('the rest of a large directory is ready at once', (t) => {
  const door = new FakeDoor({ 1: [] }, 60);
  const { read } = makeWalk(door);
  const first = read(1, 0);
  t.ok(first.length > size / 2);
  t.equal(door.reads.length, 2);
  const cookie = Number(door.reads[1]?.slice(2));
  const rest = direct(door, 1, cookie);
  t.same(read(1, cookie), rest);
  t.ok([...door.lookups.values()].every((count) => count === 1));
  t.end();
});

for (const [what, code, flags] of [
  ['a change', opcode.SETATTR, 0],
  ['an open for writing', opcode.OPEN, 1],
] as const) {
  t.test(`${what} takes back what was made ahead, and makes it careful`, (t) => {
    const door = new FakeDoor(tree);
    const { walk, read } = makeWalk(door);
    goTo(read, 1, 2, 5);
    t.ok(door.reads.includes('3:0'));
    t.equal(door.lookups.get(3000), 1);
    door.openFlags = flags;
    walk.begin(code);
    t.equal(door.lookups.get(3000), 0);
    goTo(read, 3);
    t.equal(door.reads.at(-1), '3:1', 'directory 4 is not read ahead');
    t.end();
  });
}

t.test('an open for reading and a look change nothing', (t) => {
  const door = new FakeDoor(tree);
  const { walk, read } = makeWalk(door);
  goTo(read, 1, 2, 5);
  walk.begin(opcode.OPEN);
  walk.begin(opcode.LOOKUP);
  const reads = door.reads.length;
  read(3, 0);
  t.same(door.reads.slice(reads), ['4:0'], 'what was ready was taken');
  t.end();
});

t.test('of a file that is written by another name, nothing is told but the name', (t) => {
  const door = new FakeDoor(tree);
  const { read } = makeWalk(door);
  const [file, nodeOffset] = [3000, 0];
  // By the name that it is open by.
  door.lookups.set(file, 1);
  door.written.add(file as NodeId);
  goTo(read, 1, 2, 5);
  t.equal(door.reads.at(-2), '3:0');
  const ahead = read(3, 0);
  t.ok(ahead.includes(`entry-${String(file)}`));
  t.equal(ahead.readBigUInt64LE(nodeOffset), 0n, 'no node, and so no attributes (fs/fuse/readdir.c)');
  t.equal(door.lookups.get(file), 1, 'which the kernel does not count either');
  t.end();
});

t.test('nothing is made ahead while a reply is still to come', (t) => {
  const door = new FakeDoor(tree);
  const { read } = makeWalk(door);
  goTo(read, 1, 2);
  door.pending = 1;
  goTo(read, 5);
  t.equal(door.reads.at(-1), '5:1');
  t.end();
});

t.test('who goes elsewhere is answered, and nothing is left behind', (t) => {
  const door = new FakeDoor(tree);
  const { read } = makeWalk(door);
  goTo(read, 1, 2, 5);
  t.same(read(4, 0), direct(door, 4, 0));
  t.equal(door.lookups.get(3000), 0);
  t.equal(door.lookups.get(4000), 1);
  t.end();
});

t.test('a directory of more directories than a call takes arguments', (t) => {
  const first = 1_000_000;
  const count = 300_000;
  const directories = Array.from({ length: count }, (_, i) => first + i);
  const door = new FakeDoor({ 1: directories }, 0);
  const { read } = makeWalk(door);
  for (let cookie = -1, next = 0; next > cookie;) {
    cookie = next;
    read(1, cookie);
    // The rest is made ahead, unless this was the last of it.
    next = Number(door.reads.at(-1)?.slice(2));
  }
  read(1, count);
  t.equal(door.lookups.size, count);
  read(first, 0);
  read(first + 1, 0);
  t.equal(door.reads.at(-1), `${String(first + 2)}:0`, 'the walk goes on in the order of the entries');
  t.end();
});
