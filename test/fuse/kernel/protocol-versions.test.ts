/**
 * The door before kernels of each version of the protocol from 7.31 on: what it takes of what they offer, and that
 * requests and replies are of the form and size that these kernels know. Sizes are those of
 * include/uapi/linux/fuse.h, with the header of a reply.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import t, { type Test } from 'tap';
import { Session } from '../../../src/fuse/kernel/session.ts';
import type { FileSystem } from '../../../src/vfs/file-system.ts';
import { opcode } from '../../../src/wire/opcodes.ts';
import { openEngine } from '../../fixtures/engine.ts';
import { makeScratch } from '../../fixtures/mount.ts';
import { needs } from '../../fixtures/needs.ts';
import type { Piece } from '../../wire/fixtures/pack.ts';
import { errnoOfReply, FakeChannel } from './fixtures/fake-channel.ts';
import { sessionOptions } from './fixtures/session-options.ts';
import { initOf, minors, offerOf } from './fixtures/old-kernels.ts';

const EPROTO = 71;
const bytes = { init: 80, entry: 144, attr: 120, open: 32, write: 24, statx: 304, lseek: 24, size: 24 };
const bit = { WRITEBACK: 16, KILLPRIV_V2: 28, SETXATTR_EXT: 29, INIT_EXT: 30 };
const bit2 = { SUPP_GROUP: 2, PASSTHROUGH: 5, IDMAP: 8, IO_URING: 9, TIMEOUT: 10 };

function start(fs: FileSystem): { channel: FakeChannel; ready: Promise<unknown> } {
  const channel = new FakeChannel();
  const session = new Session(fs, channel, sessionOptions);
  const ready = session.start().ready.then(
    () => 'ready',
    (thrown: unknown) => (thrown as { code: string }).code,
  );
  return { channel, ready };
}

const noFileSystem = { countAlso: () => undefined } as unknown as FileSystem;
const has = (word: number, at: number): boolean => ((word >>> at) & 1) === 1;

t.test('what is agreed with each of them', async (t) => {
  for (const minor of minors) {
    const { channel, ready } = start(noFileSystem);
    const offer = offerOf(minor);
    const reply = initOf(channel, minor, offer);
    const [flags, flags2] = [reply.readUInt32LE(28), reply.readUInt32LE(48)];
    t.equal(await ready, 'ready', `7.${String(minor)}`);
    t.match(
      {
        length: reply.length,
        version: [reply.readUInt32LE(16), reply.readUInt32LE(20)],
        unasked: [flags & ~offer.flags, flags2 & ~offer.flags2],
        extended: has(flags, bit.INIT_EXT),
        killpriv: has(flags, bit.KILLPRIV_V2),
        setxattr: has(flags, bit.SETXATTR_EXT),
        group: has(flags2, bit2.SUPP_GROUP),
        passthrough: has(flags2, bit2.PASSTHROUGH),
        stacked: reply.readUInt32LE(52),
        writeback: has(flags, bit.WRITEBACK),
        idmap: has(flags2, bit2.IDMAP),
        notOurs: has(flags2, bit2.IO_URING) || has(flags2, bit2.TIMEOUT),
      },
      {
        length: bytes.init,
        version: [7, minor],
        unasked: [0, 0],
        extended: minor >= 36,
        killpriv: minor >= 33,
        setxattr: minor >= 33,
        group: false,
        passthrough: minor >= 40,
        stacked: minor >= 40 ? 1 : 0,
        writeback: minor < 40,
        idmap: minor >= 41,
        notOurs: false,
      },
      `7.${String(minor)}`,
    );
  }
});

t.test('one below them is refused, one above gets ours', async (t) => {
  const old = start(noFileSystem);
  t.equal(errnoOfReply(initOf(old.channel, 30)), EPROTO);
  t.equal(await old.ready, 'old-kernel');
  const later = start(noFileSystem);
  t.equal(initOf(later.channel, 46).readUInt32LE(20), 45);
  t.equal(await later.ready, 'ready');
});

t.test('without INIT_EXT the second word of flags means nothing', async (t) => {
  const { channel } = start(noFileSystem);
  const reply = initOf(channel, 45, { flags: offerOf(35).flags, flags2: 0xffff_ffff });
  t.equal(reply.readUInt32LE(48), 0);
  t.equal(reply.readUInt32LE(52), 0, 'and so there is no passthrough');
});

/** A kernel that has agreed, and asks; a reply that is an error, or not of the size that it knows, fails the test. */
class Client {
  readonly #t: Test;
  readonly #channel: FakeChannel;
  readonly #minor: number;

  constructor(test: Test, channel: FakeChannel, minor: number) {
    this.#t = test;
    this.#channel = channel;
    this.#minor = minor;
  }

  async ask(name: keyof typeof opcode, node: number, body: readonly Piece[], size?: number): Promise<Buffer> {
    const sent = this.#channel.sent.length;
    let reply = this.#channel.ask(opcode[name], body, node);
    while (reply.length === 0) {
      await new Promise((resolve) => setImmediate(resolve));
      // Notifications belong to no request.
      reply = this.#channel.sent.slice(sent).find((message) => message.readBigUInt64LE(8) !== 0n) ?? reply;
    }
    const what = `7.${String(this.#minor)}: ${name}`;
    this.#t.equal(errnoOfReply(reply), 0, what);
    if (size !== undefined) this.#t.equal(reply.length, size, `${what}: its size`);
    return reply;
  }
}

const idOf = (entry: Buffer): number => Number(entry.readBigUInt64LE(16));
const handleAt = (reply: Buffer, at: number): bigint => reply.readBigUInt64LE(at);

/** Requests in the forms that kernels of `minor` send. */
async function useIt(client: Client, minor: number, t: Test): Promise<void> {
  const version = `7.${String(minor)}`;
  const file = idOf(await client.ask('LOOKUP', 1, ['lower'], bytes.entry));
  await client.ask('GETATTR', file, [['LLQ', 0, 0, 0]], bytes.attr);
  await client.ask(
    'SETATTR',
    file,
    [['LL', 1, 0], Buffer.alloc(60), ['L', 0o640], Buffer.alloc(16)],
    bytes.attr,
  );
  await client.ask('MKDIR', 1, [['LL', 0o755, 0o022], `dir${String(minor)}`], bytes.entry);
  const extended = minor >= 33 ? [['LL', 0, 0] as const] : [];
  await client.ask('SETXATTR', file, [['LL', 2, 0], ...extended, 'user.x', Buffer.from('hi')], 16);
  const value = await client.ask('GETXATTR', file, [['LL', 100, 0], 'user.x'], 18);
  t.equal(value.toString('latin1', 16), 'hi', `${version}: the value is where this kernel puts it`);

  const body: Piece[] = [['LLLL', 0o2, 0o100644, 0o022, 0], `new${String(minor)}`];
  const created = await client.ask('CREATE', 1, body, bytes.entry + 16);
  const handle = handleAt(created, bytes.entry);
  const [openFlags, backing] = [
    created.readUInt32LE(bytes.entry + 8),
    created.readUInt32LE(bytes.entry + 12),
  ];
  t.equal(has(openFlags, 7), minor >= 40, `${version}: passed through where this kernel can`);
  t.equal(backing !== 0, minor >= 40, `${version}: the field of the backing id is padding before`);
  const written = Buffer.from('data');
  await client.ask('WRITE', idOf(created), [['QQLLQLL', handle, 0, 4, 0, 0, 2, 0], written], bytes.write);
  const read = await client.ask('READ', idOf(created), [['QQLLQLL', handle, 0, 100, 0, 0, 2, 0]], 20);
  t.equal(read.toString('latin1', 16), 'data', version);
  await client.ask('LSEEK', idOf(created), [['QQLL', handle, 0, 3, 0]], bytes.lseek);
  if (minor >= 45) await client.ask('COPY_FILE_RANGE_64', idOf(created), copy(handle, created), bytes.size);
  else await client.ask('COPY_FILE_RANGE', idOf(created), copy(handle, created), bytes.write);
  if (minor >= 39) {
    await client.ask('STATX', file, [['LLQLL', 0, 0, 0, 0, 0x7ff]], bytes.statx);
  }
  if (minor >= 37) {
    const tmpfile: Piece[] = [['LLLL', 0o2, 0o100600, 0, 0], '/'];
    await client.ask('TMPFILE', 1, tmpfile, bytes.entry + 16);
  }
  await client.ask('RELEASE', idOf(created), [['QLLQ', handle, 2, 0, 0]], 16);
  const opened = await client.ask('OPEN', file, [['LL', 0, 0]], bytes.open);
  await client.ask('RELEASE', file, [['QLLQ', handleAt(opened, 16), 0, 0, 0]], 16);
  const listing = await client.ask('READDIRPLUS', 1, [['QQLLQLL', 0, 0, 4096, 0, 0, 0, 0]]);
  t.match(listing.toString('latin1'), `new${String(minor)}`, version);
  await client.ask('RENAME2', 1, [['QLL', 1, 1, 0], `new${String(minor)}`, 'moved'], 16);
  await client.ask('UNLINK', 1, ['moved'], 16);
}

function copy(handle: bigint, created: Buffer): Piece[] {
  return [['QQQQQQQ', handle, 0, idOf(created), handle, 100, 4, 0]];
}

t.test('requests as each of them sends them', needs('root'), async (t) => {
  const scratch = makeScratch(t);
  for (const name of ['lower', 'upper', 'work']) mkdirSync(`${scratch.path}/${name}`);
  writeFileSync(`${scratch.path}/lower/lower`, 'lower');
  for (const minor of minors) {
    const { union } = openEngine(scratch.path);
    const { channel, ready } = start(union);
    initOf(channel, minor);
    t.equal(await ready, 'ready');
    await useIt(new Client(t, channel, minor), minor, t);
    channel.end(0);
    await union.close();
  }
});
