/** How a connection begins, with kernels of any age. */
import t from 'tap';
import { Session, type SessionOptions } from '../../../src/fuse/kernel/session.ts';
import type { FileSystem } from '../../../src/vfs/file-system.ts';
import { initFlag, initFlag2 } from '../../../src/wire/flags.ts';
import { errnoOfReply, FakeChannel } from './fixtures/fake-channel.ts';
import { sessionOptions } from './fixtures/session-options.ts';

const EPROTO = 71;
/** Where the fields of struct fuse_init_out lie in a reply. */
const at = { major: 16, minor: 20, flags: 28, flags2: 48 };

function start(options: Partial<SessionOptions> = {}): {
  channel: FakeChannel;
  ready: Promise<string>;
} {
  const channel = new FakeChannel();
  const session = new Session({ countAlso: () => undefined } as unknown as FileSystem, channel, {
    ...sessionOptions,
    ...options,
  });
  const ready = session.start().ready.then(
    () => 'ready',
    (thrown: unknown) => (thrown as { code: string }).code,
  );
  return { channel, ready };
}

t.test('a kernel whose protocol is too old is refused, and somebody hears of it', async (t) => {
  for (const [major, minor] of [
    [7, 30],
    [6, 99],
  ] as const) {
    const { channel, ready } = start();
    t.equal(errnoOfReply(channel.init(major, minor)), EPROTO);
    t.equal(await ready, 'old-kernel');
  }
});

t.test('a kernel of a later major version is told ours, and asks again', async (t) => {
  const { channel, ready } = start({ passthroughRequired: true });
  const first = channel.init(8, 3, 0, 0);
  t.equal(errnoOfReply(first), 0);
  t.equal(first.readUInt32LE(at.major), 7);
  channel.init(7, 45);
  t.equal(await ready, 'ready');
});

t.test('passthrough that is demanded of a kernel without it', async (t) => {
  const offered2 = (0xffff_ffff & ~initFlag2.PASSTHROUGH) >>> 0;
  const demanding = start({ passthroughRequired: true });
  t.equal(errnoOfReply(demanding.channel.init(7, 39, 0xffff_ffff, offered2)), EPROTO);
  t.equal(await demanding.ready, 'no-passthrough');
  const modest = start();
  modest.channel.init(7, 39, 0xffff_ffff, offered2);
  t.equal(await modest.ready, 'ready');
});

t.test('written data is kept back by a kernel that cannot pass it through', async (t) => {
  const { channel } = start();
  const flags2 = (0xffff_ffff & ~initFlag2.PASSTHROUGH) >>> 0;
  const old = channel.init(7, 39, 0xffff_ffff, flags2).readUInt32LE(at.flags);
  t.ok((old & initFlag.WRITEBACK_CACHE) !== 0);
  const recent = channel.init(7, 45);
  t.notOk((recent.readUInt32LE(at.flags) & initFlag.WRITEBACK_CACHE) !== 0);
  t.ok((recent.readUInt32LE(at.flags2) & initFlag2.PASSTHROUGH) !== 0);
});
